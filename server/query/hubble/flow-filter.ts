import { DROP_REASONS } from '../../core/drop-reasons.ts';
import { HUBBLE_VERDICTS } from '../../core/verdict.ts';
import { own } from './names.ts';

export type FilterValue = string | number | boolean | Readonly<Record<string, unknown>>;

/** The text of a value; those of text are themselves. */
export const textOf = (value: FilterValue): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);

/**
 * Hubble's FlowFilter: fields are joined by AND, the values of one by OR. Names are those of its proto file, and
 * values as its JSON has them; `experimental` holds CEL expressions.
 */
export type FlowFilter = ReadonlyMap<string, readonly FilterValue[]>;

/** What a request selects: what any of `whitelist` matches, or all where it is empty, without what `blacklist` does. */
export type FilterLists = {
  readonly whitelist: readonly FlowFilter[];
  readonly blacklist: readonly FlowFilter[];
};

export const DIRECTIONS = ['TRAFFIC_DIRECTION_UNKNOWN', 'INGRESS', 'EGRESS'] as const;
const IP_VERSIONS = ['IP_NOT_USED', 'IPv4', 'IPv6'] as const;

/** Cilium's drop reasons by name. */
export const REASON_NUMBERS: ReadonlyMap<string, number> = new Map(
  DROP_REASONS.flatMap(({ code, number }) => (number === undefined ? [] : [[code, number]])),
);

type Kind = 'text' | 'number' | 'flag' | 'object' | ((value: unknown) => string | undefined);

const named =
  (names: readonly string[]) =>
  (value: unknown): string | undefined =>
    typeof value === 'number' ? names[value] : names.find((name) => name === value);

const reason = (value: unknown): string | undefined =>
  typeof value === 'number'
    ? [...REASON_NUMBERS].find(([, number]) => number === value)?.[0]
    : typeof value === 'string' && REASON_NUMBERS.has(value)
      ? value
      : undefined;

const END_FIELDS: Readonly<Record<string, Kind>> = {
  ip: 'text',
  pod: 'text',
  fqdn: 'text',
  label: 'text',
  service: 'text',
  port: 'text',
  workload: 'object',
  cluster_name: 'text',
  identity: 'number',
};

const FIELDS: Readonly<Record<string, Kind>> = {
  uuid: 'text',
  ...Object.fromEntries(
    ['source', 'destination'].flatMap((end) =>
      Object.entries(END_FIELDS).map(([name, kind]) => [`${end}_${name}`, kind]),
    ),
  ),
  source_ip_xlated: 'text',
  verdict: named(HUBBLE_VERDICTS),
  drop_reason_desc: reason,
  event_type: 'object',
  http_status_code: 'text',
  http_method: 'text',
  http_path: 'text',
  http_url: 'text',
  http_header: 'object',
  protocol: 'text',
  reply: 'flag',
  dns_query: 'text',
  node_name: 'text',
  node_labels: 'text',
  ip_version: named(IP_VERSIONS),
  trace_id: 'text',
  ip_trace_id: 'number',
  tcp_flags: 'object',
  traffic_direction: named(DIRECTIONS),
  interface: 'object',
  encrypted: 'flag',
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readValue(kind: Kind, value: unknown): FilterValue | undefined {
  if (typeof kind === 'function') return kind(value);
  if (kind === 'object') return isObject(value) ? value : undefined;
  if (kind === 'flag') return typeof value === 'boolean' ? value : undefined;
  if (kind === 'text') return typeof value === 'string' ? value : undefined;
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0
    ? number
    : undefined;
}

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Reads what `--allowlist` and `--denylist` take; answers with what is wrong where it is no FlowFilter. */
export function readFilter(json: string): FlowFilter | string {
  let told: unknown;
  try {
    told = JSON.parse(json);
  } catch {
    return 'This is no JSON; write a FlowFilter such as {"verdict":["DROPPED"]}.';
  }
  if (!isObject(told)) return 'A FlowFilter is an object, such as {"verdict":["DROPPED"]}.';
  const filter = new Map<string, readonly FilterValue[]>();
  for (const [key, list] of Object.entries(told)) {
    const name = snake(key);
    if (name === 'experimental' && isObject(list)) {
      const expressions = list['cel_expression'] ?? list['celExpression'];
      if (Array.isArray(expressions)) filter.set(name, expressions.map(String));
      continue;
    }
    const kind = own(FIELDS, name);
    if (kind === undefined) return `FlowFilter has no field "${key}".`;
    if (!Array.isArray(list)) return `"${key}" takes a list.`;
    const values = list.map((value) => readValue(kind, value));
    if (values.includes(undefined)) return `"${key}" cannot hold ${JSON.stringify(list)}.`;
    if (values.length > 0)
      filter.set(
        name,
        values.filter((value) => value !== undefined),
      );
  }
  return filter;
}

/** The filter as `--allowlist` takes it, fields in the order of the proto file. */
export function filterJson(filter: FlowFilter): Readonly<Record<string, unknown>> {
  const names = [...Object.keys(FIELDS), 'experimental'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const values = filter.get(name);
      if (values === undefined) return [];
      return [[name, name === 'experimental' ? { cel_expression: values } : values]];
    }),
  );
}

/** Equal for filters that hold the same. */
export const filterText = (filter: FlowFilter): string => JSON.stringify(filterJson(filter));
