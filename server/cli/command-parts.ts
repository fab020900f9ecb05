import { Option, type Command } from 'commander';
import { CONFIG_SETTING, SETTINGS, type SettingRow } from '../settings-table.ts';
import type { FlowStore } from '../store/flow-store.ts';
import type { OutputFormat } from './print.ts';

export type Flags = Readonly<Record<string, unknown>>;

/** Opens the store of the settings for one command; `write: false` reads beside a running server. */
export type WithStore = (
  flags: Flags,
  options: { readonly write: boolean },
  use: (store: FlowStore) => Promise<void>,
) => Promise<void>;

/** What every command needs that works on a data directory. */
export const DATA_SETTINGS: readonly SettingRow[] = [
  ...SETTINGS.filter(({ key }) => key === 'data' || key === 'logLevel'),
  CONFIG_SETTING,
];

/** A command that works on a data directory and prints what it finds. */
export function storeCommand(
  program: Command,
  usage: string,
  outputs: readonly string[] = ['table', 'json'],
): Command {
  return withSettings(program.command(usage), DATA_SETTINGS).addOption(
    new Option('-o, --output <format>', 'json prints one object a line')
      .choices(outputs)
      .default('table'),
  );
}

export const outputOf = (flags: Flags): OutputFormat =>
  flags['output'] === 'json' ? 'json' : 'table';

/** Text of a flag; `undefined` where it was not given. */
export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** Fallbacks stay out of commander, so that the environment and the file can still speak. */
export function withSettings(command: Command, rows: readonly SettingRow[]): Command {
  for (const { flag, env, fallback, about } of rows) {
    const shown = fallback === '' ? '' : `; default ${fallback}`;
    command.addOption(new Option(flag, `${about} (${env}${shown})`));
  }
  return command;
}
