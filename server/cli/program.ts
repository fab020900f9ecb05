import { Command, Option } from 'commander';
import {
  CONFIG_SETTING,
  SETTINGS,
  SOURCE_SETTINGS,
  TLS_SETTINGS,
  type SettingRow,
} from '../settings-table.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { runBackup } from './backup.ts';
import { runDoctor } from './doctor.ts';
import { parseLast, printFlows, readFlowsQuery } from './flows.ts';
import { importFiles } from './import.ts';
import { printPolicies } from './policies.ts';
import type { OutputFormat } from './print.ts';
import { runRestore } from './restore.ts';
import { printSources } from './sources.ts';
import { runSql, SQL_OUTPUTS } from './sql.ts';

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
  /** Where the store lies, whether it is there or not. */
  dataDirectory(flags: Flags): string;
};

const EXIT_CODES = `
Exit codes:
  0  done
  1  failed; the message on standard error says what, where and what to do.
     import: a file cannot be read, or none of its lines is a flow; the other files are imported all the same
  2  the command line, a setting or a statement cannot be used; doctor: there is no store to check

Documentation: docs/ (settings, query language, SQL, operations, metrics, API, errors).`;

/** The command line. Each command's work is in a file of its own. */
export function createProgram({
  version,
  serve,
  withStore,
  dataDirectory,
}: CommandDependencies): Command {
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

  addOperatorCommands(program, dataDirectory);
  return program;
}

/** Commands for whoever looks after a store; they open it in ways of their own. */
function addOperatorCommands(
  program: Command,
  dataDirectory: CommandDependencies['dataDirectory'],
): void {
  storeCommand(program, 'sql <statement>', SQL_OUTPUTS)
    .description(
      'run one SELECT over the stored flows, such as "SELECT verdict, count(*) FROM flows(\'24h\') GROUP BY 1"; docs/sql.md lists the tables',
    )
    .action((sql: string, flags: Flags) => {
      const output = SQL_OUTPUTS.find((choice) => choice === flags['output']) ?? 'table';
      return runSql({ directory: dataDirectory(flags), sql, output });
    });

  storeCommand(program, 'backup <file-or-directory>')
    .description('copy the store into one file and check it; a server may be running')
    .action((target: string, flags: Flags) =>
      runBackup({ directory: dataDirectory(flags), target, output: outputOf(flags) }),
    );

  storeCommand(program, 'restore <file>')
    .description('check a backup and make a store of it in a data directory that has none')
    .action((file: string, flags: Flags) =>
      runRestore({ file, directory: dataDirectory(flags), output: outputOf(flags) }),
    );

  storeCommand(program, 'doctor')
    .description(
      'check a store: file, blocks, records, files beside it; exit code 1 names what is damaged, 2 says why it cannot be checked',
    )
    .option('--quick', "check SQLite's structure and the lists of blocks, not what is inside them")
    .action((flags: Flags) =>
      runDoctor({
        directory: dataDirectory(flags),
        quick: flags['quick'] === true,
        output: outputOf(flags),
      }),
    );
}

function storeCommand(
  program: Command,
  usage: string,
  outputs: readonly string[] = ['table', 'json'],
): Command {
  const rows = SETTINGS.filter(({ key }) => key === 'data' || key === 'logLevel');
  return withSettings(program.command(usage), [...rows, CONFIG_SETTING]).addOption(
    new Option('-o, --output <format>', 'json prints one object a line')
      .choices(outputs)
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
