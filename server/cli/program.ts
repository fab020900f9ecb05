import { Command, Option } from 'commander';
import {
  CONFIG_SETTING,
  SETTINGS,
  SOURCE_SETTINGS,
  TLS_SETTINGS,
  type SettingRow,
} from '../settings-table.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { parseLast, printFlows, readFlowsQuery } from './flows.ts';
import { importFiles } from './import.ts';
import { printPolicies } from './policies.ts';
import type { OutputFormat } from './print.ts';
import { printSources } from './sources.ts';

export type Flags = Readonly<Record<string, unknown>>;

/** What the commands need from above: only `main.ts` builds a server or opens a store. */
export type CommandDependencies = {
  readonly version: string;
  serve(flags: Flags, options: { readonly demo: boolean }): Promise<void>;
  /** `write: false` reads beside a running server. */
  withStore(
    flags: Flags,
    options: { readonly write: boolean },
    use: (store: FlowStore) => Promise<void>,
  ): Promise<void>;
};

const EXIT_CODES = `
Exit codes:
  0  done
  1  failed; the message on standard error says what, where and what to do.
     import: a file cannot be read, or none of its lines is a flow; the other files are imported all the same
  2  the command line or a setting cannot be used

Documentation: docs/ (settings, query language, API, errors).`;

/** The command line. Each command's work is in a file of its own. */
export function createProgram({ version, serve, withStore }: CommandDependencies): Command {
  const program = new Command('dropwise')
    .description('Flow observability for Kubernetes network policy.')
    .version(version)
    .addHelpText('after', EXIT_CODES);

  withSettings(program.command('serve'), [
    ...SETTINGS,
    CONFIG_SETTING,
    ...SOURCE_SETTINGS,
    ...TLS_SETTINGS,
  ])
    .description(
      'follow the configured sources and serve the page; the demo when none is configured',
    )
    .action((flags: Flags) => serve(flags, { demo: false }));

  withSettings(program.command('demo'), SETTINGS)
    .description('serve a simulated pair of clusters, whatever else is configured')
    .action((flags: Flags) => serve(flags, { demo: true }));

  storeCommand(program, 'import <file...>')
    .description(
      'store the flows of Hubble or Calico files (plain or .gz), each once; a file is known again by its content',
    )
    .action((files: string[], flags: Flags) =>
      withStore(flags, { write: true }, (store) =>
        importFiles(store, { files, output: outputOf(flags) }),
      ),
    );

  storeCommand(program, 'flows [query]')
    .description(
      "print stored flows in the order in which they were stored; the query language is in docs/query.md (put -- before a query that begins with '-')",
    )
    .option(
      '--since <time>',
      "how far back: a duration, a range such as now-2h..now-1h, or 'all'",
      '15m',
    )
    .option('--last <number>', 'only the newest so many')
    .action((query: string | undefined, flags: Flags) => {
      const asked = readFlowsQuery(query ?? '', String(flags['since']));
      const last = flags['last'];
      const options = {
        last: typeof last === 'string' ? parseLast(last) : undefined,
        output: outputOf(flags),
      };
      return withStore(flags, { write: false }, (store) => printFlows(store, asked, options));
    });

  storeCommand(program, 'policies')
    .description('print the hits of each policy, as the dataplane reported them')
    .option('--since <time>', "how far back: a duration, a range, or 'all'", '24h')
    .action((flags: Flags) =>
      withStore(flags, { write: false }, (store) =>
        printPolicies(store, { since: String(flags['since']), output: outputOf(flags) }),
      ),
    );

  storeCommand(program, 'sources')
    .description('print what is stored of each source')
    .action((flags: Flags) =>
      withStore(flags, { write: false }, (store) =>
        printSources(store, { output: outputOf(flags) }),
      ),
    );

  return program;
}

function storeCommand(program: Command, usage: string): Command {
  const rows = SETTINGS.filter(({ key }) => key === 'data' || key === 'logLevel');
  return withSettings(program.command(usage), [...rows, CONFIG_SETTING]).addOption(
    new Option('-o, --output <format>', 'json prints one object a line')
      .choices(['table', 'json'])
      .default('table'),
  );
}

const outputOf = (flags: Flags): OutputFormat => (flags['output'] === 'json' ? 'json' : 'table');

/** Fallbacks stay out of commander, so that the environment and the file can still speak. */
function withSettings(command: Command, rows: readonly SettingRow[]): Command {
  for (const { flag, env, fallback, about } of rows) {
    const shown = fallback === '' ? '' : `; default ${fallback}`;
    command.addOption(new Option(flag, `${about} (${env}${shown})`));
  }
  return command;
}
