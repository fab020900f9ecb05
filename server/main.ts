#!/usr/bin/env node
import { CommanderError } from 'commander';
import { allowReaderToLeave } from './cli/print.ts';
import type { Flags } from './cli/command-parts.ts';
import { createProgram } from './cli/program.ts';
import { defaultDataDirectory, loadSettings } from './config.ts';
import { AppError, type ErrorCode } from './core/errors.ts';
import { createLogger, type Logger } from './lib/log.ts';
import { claimDirectory } from './operations/demo-mark.ts';
import { openSqliteStore } from './store/sqlite/sqlite-store.ts';
import { VERSION } from './version.ts';

const FAILED = 1;
const UNUSABLE = 2;
/** What the command line or a setting got wrong, as against what went wrong. */
const UNUSABLE_CODES = new Set<ErrorCode>([
  'bad-setting',
  'bad-query',
  'bad-time',
  'bad-request',
  'bad-sql',
  'store-unusable',
  'bad-file',
]);
const STOP_WITHIN_MS = 20_000;

async function serve(flags: Flags, { demo }: { readonly demo: boolean }): Promise<void> {
  const settings = loadSettings(flags);
  const log = createLogger(settings.logLevel);
  const asked = stopSignal(log);
  // Loaded for this alone: the other commands begin a second earlier without it.
  const { startServer } = await import('./app.ts');
  await using server = await startServer(settings, { log, forceDemo: demo });
  process.stdout.write(
    server.demo
      ? `Dropwise shows a simulated pair of clusters (demo) at ${server.url}\n` +
          'Connect real ones: dropwise serve --hubble-relay localhost:4245 (see README.md)\n'
      : `Dropwise is at ${server.url} (store: ${server.dataDirectory})\n`,
  );
  await Promise.race([asked, server.failed]);
}

/** Resolves at the first SIGTERM or SIGINT. A second one, or a stop that takes too long, ends the process at once. */
function stopSignal(log: Logger): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (asked) process.exit(FAILED);
      asked = true;
      log.info({ signal }, 'stopping');
      setTimeout(() => process.exit(FAILED), STOP_WITHIN_MS).unref();
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

async function main(): Promise<number> {
  allowReaderToLeave();
  const program = createProgram({
    version: VERSION,
    serve,
    dataDirectory: (flags) => loadSettings(flags).data ?? defaultDataDirectory(),
    async withStore(flags, { write }, use) {
      const { data } = loadSettings(flags);
      const directory = data ?? defaultDataDirectory();
      if (write) claimDirectory(directory, { demo: false });
      await using store = await openSqliteStore({ directory, readOnly: !write });
      await use(store);
    },
  });
  program.exitOverride();
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync();
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : UNUSABLE;
    const failures = failuresOf(error);
    for (const { message } of failures) process.stderr.write(`dropwise: ${message}\n`);
    return failures.every(({ code }) => UNUSABLE_CODES.has(code)) ? UNUSABLE : FAILED;
  }
}

/** What we expect and can name, one or several of it; anything else is a bug and is thrown on. */
function failuresOf(error: unknown): readonly AppError[] {
  const failures: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return failures.map((failure) => {
    if (failure instanceof AppError) return failure;
    throw error;
  });
}

process.exitCode = await main();
