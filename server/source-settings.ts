import { z } from 'zod';
import { AppError } from './core/errors.ts';
import type { SettingRow } from './settings-table.ts';
import { SOURCE_SETTINGS, TLS_SETTINGS } from './source-settings-table.ts';

type Given = Readonly<Record<string, unknown>>;

/** `host:port`, or `unix:` and the path of an agent's own socket. */
const ADDRESS = /^(?:unix:.+|(?:\[[\da-f:.]+\]|[^\s:/[\]]+):(\d{1,5}))$/i;

const isSocket = (address: string): boolean => address.startsWith('unix:');

function isAddress(address: string): boolean {
  const match = ADDRESS.exec(address);
  const port = Number(match?.[1] ?? 1);
  return match !== null && port >= 1 && port <= 65_535;
}

/** What is wrong with an address; `undefined` when nothing is. */
type Fault = (address: string) => string | undefined;

const relayFault: Fault = (address) =>
  isAddress(address)
    ? undefined
    : `'${address}' is no host:port. Give for example localhost:4245, which ` +
      "'kubectl -n kube-system port-forward service/hubble-relay 4245:80' opens (4245:443 where Relay asks for TLS)";

const goldmaneFault: Fault = (address) =>
  isAddress(address) && !isSocket(address)
    ? undefined
    : `'${address}' is no host:port. Give for example localhost:7443, which ` +
      "'kubectl -n calico-system port-forward service/goldmane 7443' opens";

/** Port 0 picks a free one. */
const pushFault: Fault = (address) =>
  /:0$/.test(address) || (isAddress(address) && !isSocket(address))
    ? undefined
    : `'${address}' is no host:port to listen on, such as 0.0.0.0:4443`;

const checked = (fault: Fault) =>
  z.string().superRefine((address, context) => {
    const message = fault(address);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

const clientTls = z
  .strictObject({
    ca: z.string().optional(),
    cert: z.string().optional(),
    key: z.string().optional(),
    serverName: z.string().optional(),
  })
  .optional();

const name = z.string().min(1).optional();

/** One source in the settings file. */
export const sourceSetting = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('hubble-relay'),
    name,
    address: checked(relayFault),
    backlog: z.number().int().min(0).max(1_000_000).optional(),
    tls: clientTls,
  }),
  z.strictObject({
    kind: z.enum(['hubble-file', 'calico-file']),
    name,
    /** A path, or a glob: then all files that match are read, those that come later too. */
    path: z.string().min(1),
    /** Reporting node, for files that do not say. */
    node: z.string().optional(),
  }),
  z.strictObject({
    kind: z.literal('goldmane'),
    name,
    address: checked(goldmaneFault),
    tls: clientTls,
  }),
  z.strictObject({
    kind: z.literal('goldmane-push'),
    name,
    listen: checked(pushFault),
    tls: z.strictObject(
      { cert: z.string().min(1), key: z.string().min(1), clientCa: z.string().min(1) },
      'the push sink needs cert, key and clientCa: it takes flows only from clients that it can tell',
    ),
  }),
]);

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function listOf(row: SettingRow, flags: Given, env: NodeJS.ProcessEnv): string[] {
  const flag = flags[row.key];
  if (Array.isArray(flag)) return flag.map(String);
  return (env[row.env] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** What set a list: the flag where it is given, else the environment. */
const nameOf = (row: SettingRow, flags: Given): string =>
  Array.isArray(flags[row.key]) ? row.flag.replace(/ .*/, '') : row.env;

/** `address`, or `name=address`; the path of a socket may hold a `=` of its own. */
function parseEntry(entry: string): { name: string | undefined; address: string } {
  const at = entry.indexOf('=');
  if (at < 0 || isSocket(entry)) return { name: undefined, address: entry };
  return { name: entry.slice(0, at), address: entry.slice(at + 1) };
}

/** The settings that begin with `prefix`, without it: `{ ca: … }`; `undefined` where none is given. */
function tlsOf(prefix: string, flags: Given, env: NodeJS.ProcessEnv): Given | undefined {
  const given = TLS_SETTINGS.flatMap(({ key, env: variable }) => {
    const value = text(flags[key]) ?? text(env[variable]);
    if (!key.startsWith(prefix) || value === undefined) return [];
    const own = key.slice(prefix.length);
    return [[own.charAt(0).toLowerCase() + own.slice(1), value]];
  });
  return given.length === 0 ? undefined : (Object.fromEntries(given) as Given);
}

/** The sources that flags and environment name, not yet checked but for their addresses. */
export function sourcesFromFlags(flags: Given, env: NodeJS.ProcessEnv): unknown[] {
  const entries = (key: string, fault: Fault) => {
    const row = SOURCE_SETTINGS.find((candidate) => candidate.key === key);
    if (row === undefined) return [];
    return listOf(row, flags, env).map((entry) => {
      const { name: given, address } = parseEntry(entry);
      const message = fault(address);
      if (message !== undefined) {
        throw new AppError('bad-setting', `${nameOf(row, flags)}: ${message}`);
      }
      return { named: given === undefined ? {} : { name: given }, address };
    });
  };
  const paths = (key: string): string[] => {
    const row = SOURCE_SETTINGS.find((candidate) => candidate.key === key);
    return row === undefined ? [] : listOf(row, flags, env);
  };
  const withTls = (prefix: string): object => {
    const tls = tlsOf(prefix, flags, env);
    return tls === undefined ? {} : { tls };
  };
  return [
    ...entries('hubbleRelay', relayFault).map(({ named, address }) => ({
      kind: 'hubble-relay',
      ...named,
      address,
      // An agent's own socket speaks no TLS.
      ...(isSocket(address) ? {} : withTls('hubbleTls')),
    })),
    ...paths('hubbleFile').map((path) => ({ kind: 'hubble-file', path })),
    ...paths('calicoFile').map((path) => ({ kind: 'calico-file', path })),
    ...entries('goldmane', goldmaneFault).map(({ named, address }) => ({
      kind: 'goldmane',
      ...named,
      address,
      ...withTls('goldmaneTls'),
    })),
    ...entries('goldmanePush', pushFault).map(({ named, address }) => ({
      kind: 'goldmane-push',
      ...named,
      listen: address,
      ...withTls('goldmanePushTls'),
    })),
  ];
}
