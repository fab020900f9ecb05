import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { AppError } from './core/errors.ts';
import { parseDuration } from './core/time-range.ts';
import { LOG_LEVELS } from './lib/log.ts';
import { readNumber } from './query/number.ts';
import { inventoryFromFlags, inventorySetting, resolveInventory } from './inventory-settings.ts';
import { CONFIG_SETTING, SETTINGS } from './settings-table.ts';
import { sourceSetting, sourcesFromFlags } from './source-settings.ts';

const duration = z.string().transform((text, context) => {
  const millis = parseDuration(text);
  if (millis === undefined) {
    context.addIssue({ code: 'custom', message: `is not a duration such as 36h or 7d: '${text}'` });
    return z.NEVER;
  }
  return millis;
});

/** Below this a busy store would hold minutes. */
const MIN_STORE_BYTES = 64 * 1024 * 1024;

const freeBytes = z.string().transform((text, context) => {
  const bytes = text === '0' ? 0 : readNumber(text, 'bytes');
  if (bytes !== undefined) return bytes;
  context.addIssue({ code: 'custom', message: `is not a size such as 512MiB: '${text}'` });
  return z.NEVER;
});

/** Empty text sets no limit. */
const storeSize = z.string().transform((text, context) => {
  if (text === '') return undefined;
  const bytes = readNumber(text, 'bytes');
  if (bytes !== undefined && bytes >= MIN_STORE_BYTES) return bytes;
  const message = `is not a size of at least 64MiB such as 50GiB: '${text}'`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const schema = z.strictObject({
  data: z.string().min(1).optional(),
  host: z.string().min(1),
  port: z.coerce.number().int().min(0).max(65_535),
  keep: duration,
  keepDrops: duration,
  keepCounts: duration,
  keepPods: duration,
  maxSize: storeSize,
  minFree: freeBytes,
  logLevel: z.enum(LOG_LEVELS),
  nodeName: z.string(),
  observer: z.string(),
  observerTlsCert: z.string(),
  observerTlsKey: z.string(),
  observerTlsClientCa: z.string(),
  demoSeed: z.coerce.number().int().min(0),
  demoRate: z.coerce.number().int().min(0).max(20_000),
  sources: z.array(sourceSetting),
  inventory: z.array(inventorySetting),
});

/** `data` is `undefined` where nobody chose a directory; what is kept is in milliseconds and bytes. */
export type Settings = z.infer<typeof schema>;

type Given = Readonly<Record<string, unknown>>;

/** Where the store lies when nobody chose: the user's data directory. */
export function defaultDataDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'dropwise');
}

/**
 * Puts flags, environment and file together. Throws an AppError `bad-setting` that names the setting and
 * where it came from.
 */
export function loadSettings(flags: Given, env: NodeJS.ProcessEnv = process.env): Settings {
  const file = readConfigFile(text(flags[CONFIG_SETTING.key]) ?? text(env[CONFIG_SETTING.env]));
  const values = Object.fromEntries(
    SETTINGS.flatMap((row) => {
      const value = text(flags[row.key]) ?? text(env[row.env]) ?? file[row.key] ?? row.fallback;
      return value === '' && row.key === 'data' ? [] : [[row.key, value]];
    }),
  );
  const known = new Set(['sources', 'inventory', ...SETTINGS.map((row) => row.key)]);
  const unknown = Object.fromEntries(Object.entries(file).filter(([key]) => !known.has(key)));
  const parsed = schema.safeParse({
    ...unknown,
    ...values,
    sources: withListed(file['sources'], sourcesFromFlags(flags, env)),
    inventory: withListed(file['inventory'], inventoryFromFlags(flags, env)),
  });
  if (parsed.success) {
    return { ...parsed.data, inventory: [...resolveInventory(parsed.data.inventory, env)] };
  }
  const [issue] = parsed.error.issues;
  const key = issue?.path.join('.') ?? '';
  throw new AppError(
    'bad-setting',
    `${key === '' ? '' : `${key}: `}${issue?.message ?? ''}. ${howToSet(String(issue?.path[0]))}`,
  );
}

/** What the file lists and what flags and environment add; what is no list in the file is refused with it. */
const withListed = (listed: unknown = [], added: readonly unknown[]): unknown =>
  Array.isArray(listed) ? [...(listed as unknown[]), ...added] : listed;

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function howToSet(key: string): string {
  const row = SETTINGS.find((candidate) => candidate.key === key);
  return row === undefined
    ? 'See docs/settings.md for what the file may hold.'
    : `It is set by ${row.flag}, ${row.env} or '${row.key}' in the file.`;
}

function readConfigFile(path: string | undefined): Given {
  if (path === undefined) return {};
  try {
    const content: unknown = parseYaml(readFileSync(path, 'utf8'), { maxAliasCount: 100 });
    if (content === null) return {};
    if (typeof content === 'object' && !Array.isArray(content)) return content as Given;
  } catch (cause) {
    throw new AppError('bad-setting', `the file '${path}' cannot be read: ${String(cause)}`, {
      cause,
    });
  }
  throw new AppError('bad-setting', `the file '${path}' must hold a mapping of settings`);
}
