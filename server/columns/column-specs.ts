import type { Endpoint, FlowCounts, FlowFields, L7, PolicyHit } from '../core/flow.ts';
import { nanos, type TimeWindow } from '../core/time.ts';
import type { Verdict } from '../core/verdict.ts';

/** What a block keeps of a flow in columns: everything but the raw record. */
export type ColumnName = keyof FlowFields;

/** What a row of a cube says of the flows that it counts: how many, their events, when the first and the last was. */
export type SumColumn = 'records' | 'events' | 'firstAt' | 'lastAt';

/** The ends of flows in a cube that does not tell the pods of a workload apart. */
export type WorkloadColumn = 'sourceWorkload' | 'destinationWorkload';
/** What the rows of a cube are told apart by. */
export type CubeColumnName = ColumnName | WorkloadColumn;

/** What a packed hour says of a rule in a minute, beside `firstAt` and `lastAt`. */
export type HitColumn = 'minute' | 'ruleId' | 'allowed' | 'denied' | 'passed' | 'staged';

/** Blocks of flows that are no neighbors have a column of their sequence numbers too, the last one. */
export type StoredColumn = CubeColumnName | 'seq' | SumColumn | HitColumn;

/** A value in a block's dictionary, as JSON can hold it. */
export type Packed = string | number | null | readonly unknown[];

/**
 * How a column is kept. `json` is equal for equal values, and `unpack` takes what it parses to. Times, numbers
 * and ids turn to their dense form in `encoding.ts`.
 */
export type ColumnSpec =
  | { readonly kind: 'time' }
  | { readonly kind: 'number' }
  | { readonly kind: 'id' }
  | {
      readonly kind: 'values';
      /** True where values can be told apart without their JSON: text, and objects that decoders intern. */
      readonly shared: boolean;
      readonly json: (value: never) => string;
      readonly unpack: (packed: never) => unknown;
    };

type Values<V, P extends Packed> = {
  readonly json: (value: V) => string;
  readonly unpack: (packed: P) => V;
};

/** Values that are made anew for every flow. */
function values<V, P extends Packed>(spec: Values<V, P>): ColumnSpec {
  return { kind: 'values', shared: false, ...spec };
}

/** Values that flows share; the JSON of each object is made once, for as long as the object lives. */
function shared<V extends object | undefined, P extends Packed>({
  pack,
  unpack,
}: {
  readonly pack: (value: V) => P;
  readonly unpack: (packed: P) => V;
}): ColumnSpec {
  const known = new WeakMap<object, string>();
  const json = (value: V): string => {
    if (value === undefined) return JSON.stringify(pack(value));
    let found = known.get(value);
    if (found === undefined) known.set(value, (found = JSON.stringify(pack(value))));
    return found;
  };
  return { kind: 'values', shared: true, json, unpack };
}

const number: ColumnSpec = { kind: 'number' };

const text: ColumnSpec = {
  kind: 'values',
  shared: true,
  json: (value: string) => JSON.stringify(value),
  unpack: (packed: string) => packed,
};

const NO_TEXTS: readonly string[] = [];

const texts = shared<readonly string[], readonly string[]>({
  pack: (value) => value,
  unpack: (packed) => (packed.length === 0 ? NO_TEXTS : packed),
});

export type PackedEndpoint = readonly [
  kind: Endpoint['kind'],
  cluster: string,
  namespace: string,
  pod: string,
  workload: string,
  workloadKind: string,
  name: string,
  identity: number,
  labels: readonly string[],
];

const endpoint = shared<Endpoint, PackedEndpoint>({
  pack: (end) => [
    end.kind,
    end.cluster,
    end.namespace,
    end.pod,
    end.workload,
    end.workloadKind,
    end.name,
    end.identity,
    end.labels,
  ],
  unpack: ([kind, cluster, namespace, pod, workload, workloadKind, name, identity, labels]) => ({
    kind,
    cluster,
    namespace,
    pod,
    workload,
    workloadKind,
    name,
    identity,
    labels,
  }),
});

type PackedHit = readonly [
  policy: readonly [kind: string, namespace: string, name: string, tier: string],
  direction: PolicyHit['direction'],
  action: PolicyHit['action'],
  stage: PolicyHit['stage'],
  matched: PolicyHit['matched'],
  rule: number,
];

const hits = shared<readonly PolicyHit[], readonly PackedHit[]>({
  pack: (list) =>
    list.map(({ policy, direction, action, stage, matched, rule }) => [
      [policy.kind, policy.namespace, policy.name, policy.tier],
      direction,
      action,
      stage,
      matched,
      rule,
    ]),
  unpack: (list) =>
    list.map(([[kind, namespace, name, tier], direction, action, stage, matched, rule]) => ({
      policy: { kind, namespace, name, tier },
      direction,
      action,
      stage,
      matched,
      rule,
    })),
});

const verdict = shared<Verdict, readonly [Verdict['kind'], string?]>({
  pack: (value) =>
    value.kind === 'dropped'
      ? [value.kind, value.reason]
      : value.kind === 'unknown'
        ? [value.kind, value.wire]
        : [value.kind],
  unpack: ([kind, detail = '']) =>
    kind === 'dropped'
      ? { kind, reason: detail }
      : kind === 'unknown'
        ? { kind, wire: detail }
        : { kind },
});

type PackedL7 = readonly [string, L7['type'], string, string, number];

const l7 = shared<L7 | undefined, PackedL7 | null>({
  pack: (value) =>
    value === undefined
      ? null
      : [value.protocol, value.type, value.method, value.path, value.status],
  unpack: (packed) => {
    if (packed === null) return undefined;
    const [protocol, type, method, path, status] = packed;
    return { protocol, type, method, path, status };
  },
});

type PackedCounts = readonly [number, number, number, number, number, number];

const counts = values<FlowCounts, PackedCounts>({
  json: (value) =>
    `[${value.events},${value.connections},${value.packetsForward},${value.packetsReverse},` +
    `${value.bytesForward},${value.bytesReverse}]`,
  unpack: ([events, connections, packetsForward, packetsReverse, bytesForward, bytesReverse]) => ({
    events,
    connections,
    packetsForward,
    packetsReverse,
    bytesForward,
    bytesReverse,
  }),
});

const span = shared<TimeWindow | undefined, readonly [string, string] | null>({
  pack: (value) => (value === undefined ? null : [value.from.toString(), value.to.toString()]),
  unpack: (packed) =>
    packed === null ? undefined : { from: nanos(BigInt(packed[0])), to: nanos(BigInt(packed[1])) },
});

/** The columns that every block of flows has, in the order in which they stand there. */
const FLOW_COLUMNS: Readonly<Record<ColumnName, ColumnSpec>> = {
  observedAt: { kind: 'time' },
  verdict,
  event: text,
  source: endpoint,
  destination: endpoint,
  hits,
  counts,
  sourcePort: { kind: 'number' },
  destinationPort: { kind: 'number' },
  protocol: text,
  sourceIp: text,
  destinationIp: text,
  origin: text,
  node: text,
  reporter: text,
  direction: text,
  reply: text,
  sourceNames: texts,
  destinationNames: texts,
  sourceService: text,
  destinationService: text,
  l7,
  wireVerdict: text,
  receivedAt: { kind: 'time' },
  timeFrom: text,
  window: span,
  pair: text,
  id: { kind: 'id' },
};

export const COLUMNS: Readonly<Record<StoredColumn, ColumnSpec>> = {
  ...FLOW_COLUMNS,
  ...{ sourceWorkload: endpoint, destinationWorkload: endpoint },
  seq: { kind: 'time' },
  ...{ records: number, events: number },
  firstAt: { kind: 'time' },
  lastAt: { kind: 'time' },
  ...{ minute: number, ruleId: number },
  ...{ allowed: number, denied: number, passed: number, staged: number },
};

/** What stands for a column that blocks of older versions lack, in each of their rows. */
export const LATER_COLUMNS: Readonly<Partial<Record<StoredColumn, string>>> = { pair: '' };

/** The columns that every block of flows has. */
export const COLUMN_NAMES = Object.keys(FLOW_COLUMNS) as readonly ColumnName[];
