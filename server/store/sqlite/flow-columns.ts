import { valueAt } from '../../columns/block.ts';
import type { ColumnName } from '../../columns/column-specs.ts';
import { dropReason } from '../../core/drop-reasons.ts';
import { policyName } from '../../core/policy-name.ts';
import type { Endpoint, Flow, FlowCounts, L7 } from '../../core/flow.ts';
import { formatTime, type EpochNanos, type TimeWindow } from '../../core/time.ts';
import type { OpenedBlock } from './block-set.ts';

export type SqlValue = string | number | bigint | null;

/** One column of the `flows` table, which docs/sql.md lists. */
export type FlowSqlColumn = {
  readonly name: string;
  /** Column of a block that it is made from; `undefined` for the sequence number, which blocks do not hold. */
  readonly column: ColumnName | undefined;
  /** Pure: it is called once a distinct value where the block has a dictionary. */
  readonly read: (value: never) => SqlValue;
};

const made = <N extends ColumnName>(
  name: string,
  column: N,
  read: (value: Flow[N]) => SqlValue,
): FlowSqlColumn => ({ name, column, read });

/** SQLite takes a number of JavaScript for a REAL, which divides and prints in other ways than an integer. */
const whole = (value: number): SqlValue => (Number.isSafeInteger(value) ? BigInt(value) : value);

/** Where there is no number the flow says -1, which would spoil sums. */
const known = (value: number): SqlValue => (value < 0 ? null : whole(value));

const time = (name: string, column: 'observedAt' | 'receivedAt'): readonly FlowSqlColumn[] => [
  made(`${name}_at`, column, (at: EpochNanos) => formatTime(at)),
  made(`${name}_ns`, column, (at: EpochNanos) => at),
];

const windowEnd = (name: string, end: keyof TimeWindow): readonly FlowSqlColumn[] => [
  made(`${name}_at`, 'window', (window) => (window === undefined ? null : formatTime(window[end]))),
  made(`${name}_ns`, 'window', (window) => window?.[end] ?? null),
];

const plain = (
  name: string,
  column: 'origin' | 'node' | 'event' | 'reporter' | 'direction' | 'reply' | 'pair' | 'protocol',
): FlowSqlColumn => made(name, column, (value: string) => value);

const ofL7 = (name: string, read: (l7: L7) => SqlValue): FlowSqlColumn =>
  made(`l7_${name}`, 'l7', (l7) => (l7 === undefined ? null : read(l7)));

const ofCounts = (name: string, key: keyof FlowCounts): FlowSqlColumn =>
  made(name, 'counts', (counts) => known(counts[key]));

function ofEnd(side: 'source' | 'destination'): readonly FlowSqlColumn[] {
  const end = (name: string, read: (end: Endpoint) => SqlValue): FlowSqlColumn =>
    made(`${side}_${name}`, side, read);
  return [
    end('kind', ({ kind }) => kind),
    end('cluster', ({ cluster }) => cluster),
    end('namespace', ({ namespace }) => namespace),
    end('pod', ({ pod }) => pod),
    end('workload', ({ workload }) => workload),
    end('workload_kind', ({ workloadKind }) => workloadKind),
    end('name', ({ name }) => name),
    end('identity', ({ identity }) => (identity === 0 ? null : whole(identity))),
    end('labels', ({ labels }) => JSON.stringify(labels)),
    made(`${side}_ip`, `${side}Ip`, (ip) => ip),
    made(`${side}_port`, `${side}Port`, known),
    made(`${side}_fqdns`, `${side}Names`, (names) => JSON.stringify(names)),
    made(`${side}_service`, `${side}Service`, (service) => service),
  ];
}

/** All that a flow says, flat. Text that a record does not have is empty, as everywhere; numbers are NULL. */
export const FLOW_SQL_COLUMNS: readonly FlowSqlColumn[] = [
  { name: 'seq', column: undefined, read: whole },
  made('id', 'id', (id) => id),
  ...time('observed', 'observedAt'),
  ...time('received', 'receivedAt'),
  made('time_from', 'timeFrom', (from) => from),
  ...windowEnd('window_from', 'from'),
  ...windowEnd('window_to', 'to'),
  plain('origin', 'origin'),
  plain('node', 'node'),
  plain('event', 'event'),
  plain('reporter', 'reporter'),
  plain('direction', 'direction'),
  plain('reply', 'reply'),
  plain('pair', 'pair'),
  made('verdict', 'verdict', ({ kind }) => kind),
  made('raw_verdict', 'wireVerdict', (word) => word),
  made('reason', 'verdict', (verdict) =>
    verdict.kind === 'dropped' ? dropReason(verdict.reason).code : '',
  ),
  made('reason_category', 'verdict', (verdict) =>
    verdict.kind === 'dropped' ? dropReason(verdict.reason).category : '',
  ),
  plain('protocol', 'protocol'),
  ...ofEnd('source'),
  ...ofEnd('destination'),
  ofL7('protocol', ({ protocol }) => protocol),
  ofL7('type', ({ type }) => type),
  ofL7('method', ({ method }) => method),
  ofL7('path', ({ path }) => path),
  ofL7('status', ({ status }) => known(status)),
  made('policy', 'hits', (hits) => {
    const credited = hits.find(({ matched }) => matched !== 'end-of-tier');
    return credited === undefined ? '' : policyName(credited.policy);
  }),
  made('hits', 'hits', (hits) => JSON.stringify(hits)),
  ofCounts('events', 'events'),
  ofCounts('connections', 'connections'),
  ofCounts('packets_forward', 'packetsForward'),
  ofCounts('packets_reverse', 'packetsReverse'),
  ofCounts('bytes_forward', 'bytesForward'),
  ofCounts('bytes_reverse', 'bytesReverse'),
];

/** Reads one SQL column of a block's rows. */
export function columnReader(
  { column, read }: FlowSqlColumn,
  { block, seqAt }: OpenedBlock,
): (row: number) => SqlValue {
  // The table above gives each reader the column whose type it takes.
  const readValue = read as (value: unknown) => SqlValue;
  if (column === undefined) return (row) => readValue(seqAt(row));
  const decoded = block.column(column);
  if (decoded.kind !== 'values') return (row) => readValue(valueAt(decoded, row));
  const { codes, value } = decoded;
  const cells: SqlValue[] = [];
  return (row) => {
    const code = codes[row] ?? 0;
    return (cells[code] ??= readValue(value(code)));
  };
}
