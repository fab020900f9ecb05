import { Command, Option } from 'commander';
import { INVENTORY_SETTINGS } from '../inventory-settings.ts';
import { CONFIG_SETTING, SETTINGS } from '../settings-table.ts';
import { SOURCE_SETTINGS, TLS_SETTINGS } from '../source-settings-table.ts';
import { addAudit } from './audit.ts';
import { runBackup } from './backup.ts';
import {
  outputOf,
  storeCommand,
  withSettings,
  type Flags,
  type WithStore,
} from './command-parts.ts';
import { runDoctor } from './doctor.ts';
import { addHistoryCommands } from './history-commands.ts';
import { importFiles } from './import.ts';
import { addPoliciesCommand } from './policies-command.ts';
import { addPolicyCommands } from './policy-commands.ts';
import { printReason } from './reason.ts';
import { runRestore } from './restore.ts';
import { addRecommend } from './recommend.ts';
import { addSimulate } from './simulate.ts';
import { printSources } from './sources.ts';
import { runSql, SQL_OUTPUTS } from './sql.ts';
import { printTranslation } from './translate.ts';
import { addWhy } from './why.ts';

/** What the commands need from above: only `main.ts` builds a server or opens a store. */
export type CommandDependencies = {
  readonly version: string;
  serve(flags: Flags, options: { readonly demo: boolean }): Promise<void>;
  readonly withStore: WithStore;
  /** Where the store lies, whether it is there or not. */
  dataDirectory(flags: Flags): string;
};

const EXIT_CODES = `
Exit codes:
  0  done
  1  failed; the message on standard error says what, where and what to do.
     import: a file cannot be read, or none of its lines is a flow; the other files are imported all the same
  2  the command line, a setting or a statement cannot be used; doctor: there is no store to check

Documentation: docs/ (command line, settings, query language, SQL, operations, metrics, API, errors).`;

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
    ...INVENTORY_SETTINGS,
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

  addHistoryCommands(program, withStore, dataDirectory);
  addWhy(program, withStore, dataDirectory);

  addPoliciesCommand(program, { withStore, dataDirectory });

  storeCommand(program, 'sources')
    .description('print what is stored of each source')
    .action((flags: Flags) =>
      withStore(flags, { write: false }, (store) =>
        printSources(store, { directory: dataDirectory(flags), output: outputOf(flags) }),
      ),
    );

  addTranslate(program);
  addReason(program);
  addPolicyCommands(program);
  addSimulate(program, version);
  addRecommend(program);
  addAudit(program, { withStore, dataDirectory });
  addOperatorCommands(program, dataDirectory);
  return program;
}

function addTranslate(program: Command): void {
  program
    .command('translate <text>')
    .description(
      "print the query of a 'hubble observe' line, quoted as one word; docs/hubble-flags.md lists what can be said",
    )
    .option('--to-hubble', "print the 'hubble observe' line of a query instead")
    .action((text: string, flags: Flags) =>
      printTranslation(text, {
        direction: flags['toHubble'] === true ? 'to-hubble' : 'from-hubble',
      }),
    );
}

function addReason(program: Command): void {
  program
    .command('reason [name-or-number]')
    .description(
      "print what a drop reason means, its causes and what to run; without one list them, 'all' prints docs/drop-reasons.md",
    )
    .addOption(
      new Option('-o, --output <format>', 'json prints one object a line')
        .choices(['table', 'json'])
        .default('table'),
    )
    .action((name: string | undefined, flags: Flags) =>
      printReason(name, { output: outputOf(flags) }),
    );
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
