import type { Command } from 'commander';
import { outputOf, storeCommand, textFlag, type Flags, type WithStore } from './command-parts.ts';
import { printPolicies, printPolicy, type PoliciesOptions } from './policies.ts';

type Dependencies = {
  readonly withStore: WithStore;
  dataDirectory(flags: Flags): string;
};

/** `dropwise policies` and `dropwise policies show`, which read a store and the inventory beside it. */
export function addPoliciesCommand(
  program: Command,
  { withStore, dataDirectory }: Dependencies,
): void {
  const optionsOf = (flags: Flags): PoliciesOptions => ({
    directory: dataDirectory(flags),
    since: textFlag(flags, 'since') ?? '24h',
    asOf: textFlag(flags, 'asOf'),
    output: outputOf(flags),
  });
  const policies = withTime(storeCommand(program, 'policies'))
    .description('print each policy with its hits, as the dataplane reported them')
    .option('--unused', 'only those that were not hit in 90 days of which all was watched')
    .action((flags: Flags) =>
      withStore(flags, { write: false }, (store) =>
        printPolicies(store, { ...optionsOf(flags), unused: flags['unused'] === true }),
      ),
    );

  withTime(storeCommand(policies, 'show <kind/namespace/name>'))
    .description('print one policy: what became of its rules, its versions, its pods')
    .exitOverride()
    .action((id: string, _own: Flags, command: Command) => {
      const flags: Flags = command.optsWithGlobals();
      return withStore(flags, { write: false }, (store) =>
        printPolicy(store, id, optionsOf(flags)),
      );
    });
}

const withTime = (command: Command): Command =>
  command
    .option(
      '--since <time>',
      "how far back hits are counted: a duration, a range, or 'all'; default 24h",
    )
    .option('--as-of <time>', 'policies as of a moment, such as 2026-11-23T10:00:00Z');
