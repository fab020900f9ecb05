import { Option, type Command } from 'commander';
import { outputOf, type Flags } from './command-parts.ts';
import { checkPolicies } from './policy-check.ts';
import { testPolicies } from './policy-test.ts';

/** Commands about policies that work on files alone: no store, no server, no cluster. */
export function addPolicyCommands(program: Command): void {
  const policy = program
    .command('policy')
    .description('try out and check network policies; docs/policy-engine.md');

  policyCommand(policy, 'test <file...>')
    .description(
      'run policy cases (netpol-conformance/1) through the engine; exit code 1 where an answer is not the expected one, 2 where a file is no case file',
    )
    .action((files: string[], flags: Flags) => testPolicies(files, { output: outputOf(flags) }));

  policyCommand(policy, 'check <path...>')
    .description(
      'say of each policy in manifests (a file, a directory, an archive) whether a cluster would take it, and which rules do nothing; exit code 1 where it would refuse one',
    )
    .action((paths: string[], flags: Flags) => checkPolicies(paths, { output: outputOf(flags) }));
}

const policyCommand = (policy: Command, usage: string): Command =>
  policy
    .command(usage)
    .exitOverride()
    .addOption(
      new Option('-o, --output <format>', 'json prints one object')
        .choices(['table', 'json'])
        .default('table'),
    );
