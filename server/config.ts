import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { AppError } from './core/errors.ts';
import { parseDuration } from './core/time-range.ts';
import { LOG_LEVELS } from './lib/log.ts';
import { readNumber } from './query/number.ts';
import {
  CONFIG_SETTING,
  SETTINGS,
  SOURCE_SETTINGS,
  TLS_SETTINGS,
  type SettingRow,
} from './settings-table.ts';

/** `host:port`, or `unix:` and the path of an agent's own socket. */
const ADDRESS = /^(?:unix:.+|(?:\[[\da-f:.]+\]|[^\s:/[\]]+):(\d{1,5}))$/i;

/** What is wrong with the address of a relay; `undefined` when nothing is. */
function relayAddressFault(address: string): string | undefined {
  const match = ADDRESS.exec(address);
  const port = Number(match?.[1] ?? 1);
  if (match !== null && port >= 1 && port <= 65_535) return undefined;
  return (
    `'${address}' is no host:port. Give for example localhost:4245, which ` +
    "'kubectl -n kube-system port-forward service/hubble-relay 4245:80' opens (4245:443 where Relay asks for TLS)"
  );
}

const relayAddress = z.string().superRefine((address, context) => {
  const message = relayAddressFault(address);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

const sourceSetting = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('hubble-relay'),
    name: z.string().min(1).optional(),
    address: relayAddress,
    backlog: z.number().int().min(0).max(1_000_000).optional(),
    tls: z
      .strictObject({
        ca: z.string().optional(),
        cert: z.string().optional(),
        key: z.string().optional(),
        serverName: z.string().optional(),
      })
      .optional(),
  }),
  z.strictObject({
    kind: z.enum(['hubble-file', 'calico-file']),
    name: z.string().min(1).optional(),
    /** A path, or a glob: then all files that match are read, those that come later too. */
    path: z.string().min(1),
    /** Reporting node, for files that do not say. */
    node: z.string().optional(),
  }),
]);

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
  const known = new Set(['sources', ...SETTINGS.map((row) => row.key)]);
  const unknown = Object.fromEntries(Object.entries(file).filter(([key]) => !known.has(key)));
  const listed: unknown = file['sources'] ?? [];
  const parsed = schema.safeParse({
    ...unknown,
    ...values,
    sources: Array.isArray(listed)
      ? [...(listed as unknown[]), ...sourcesFromFlags(flags, env)]
      : listed,
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = issue?.path.join('.') ?? '';
  throw new AppError(
    'bad-setting',
    `${key === '' ? '' : `${key}: `}${issue?.message ?? ''}. ${howToSet(String(issue?.path[0]))}`,
  );
}

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

function listOf(row: SettingRow | undefined, flags: Given, env: NodeJS.ProcessEnv): string[] {
  if (row === undefined) return [];
  const flag = flags[row.key];
  if (Array.isArray(flag)) return flag.map(String);
  return (env[row.env] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** What set a list: the flag where it is given, else the environment. */
function nameOf(row: SettingRow | undefined, flags: Given): string {
  if (row === undefined) return '';
  return Array.isArray(flags[row.key]) ? row.flag.replace(/ .*/, '') : row.env;
}

const isSocket = (address: string): boolean => address.startsWith('unix:');

/** `address`, or `name=address`; the path of a socket may hold a `=` of its own. */
function parseRelayEntry(entry: string): { name: string | undefined; address: string } {
  const at = entry.indexOf('=');
  if (at < 0 || isSocket(entry)) return { name: undefined, address: entry };
  return { name: entry.slice(0, at), address: entry.slice(at + 1) };
}

function sourcesFromFlags(flags: Given, env: NodeJS.ProcessEnv): unknown[] {
  const [relay, hubble, calico] = SOURCE_SETTINGS;
  const [ca, cert, key, serverName] = TLS_SETTINGS.map(
    (row) => text(flags[row.key]) ?? text(env[row.env]),
  );
  const given = Object.entries({ ca, cert, key, serverName }).filter(
    ([, value]) => value !== undefined,
  );
  const tls = given.length === 0 ? {} : { tls: Object.fromEntries(given) };
  return [
    ...listOf(relay, flags, env).map((entry) => {
      const { name, address } = parseRelayEntry(entry);
      const fault = relayAddressFault(address);
      if (fault !== undefined)
        throw new AppError('bad-setting', `${nameOf(relay, flags)}: ${fault}`);
      return {
        kind: 'hubble-relay',
        ...(name === undefined ? {} : { name }),
        address,
        // An agent's own socket speaks no TLS.
        ...(isSocket(address) ? {} : tls),
      };
    }),
    ...listOf(hubble, flags, env).map((path) => ({ kind: 'hubble-file', path })),
    ...listOf(calico, flags, env).map((path) => ({ kind: 'calico-file', path })),
  ];
}
