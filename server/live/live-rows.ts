import { openBlock, valueAt, type Block, type CommittedBlock } from '../columns/block.ts';
import { materialize } from '../columns/materialize.ts';
import { dropTraits, type DropTraits } from '../core/drop-groups.ts';
import type { Endpoint, FlowCounts, StoredFlow } from '../core/flow.ts';
import type { Verdict, VerdictKind } from '../core/verdict.ts';

/** The flows of one commit. Flows are built when a viewer is to get them, and shared by all who do. */
export type LiveRows = {
  readonly count: number;
  readonly block: Block;
  /** What all viewers of one query are told of the rows that it matches. */
  tell(matching: readonly number[]): MatchedRows;
  flow(row: number): StoredFlow;
  /** Traits of a dropped flow. */
  drop(row: number): DropTraits;
  /** Equal for both directions of a conversation; unsigned, 32 bits. */
  conversation(row: number): number;
};

export type MatchedRows = {
  /** Events; one record may stand for many. */
  readonly counts: Readonly<Record<VerdictKind, number>>;
  readonly records: Readonly<Record<VerdictKind, number>>;
  /** Events. */
  readonly byOrigin: Readonly<Record<string, number>>;
  /** Dropped, and those that an audit let through. */
  readonly denied: readonly number[];
  readonly others: readonly number[];
};

export const noCounts = (): Record<VerdictKind, number> => ({
  allowed: 0,
  dropped: 0,
  audit: 0,
  error: 0,
  unknown: 0,
});

/** `seqStep` is between the sequence numbers of neighbors. */
export function openLiveRows({ firstSeq, columns }: CommittedBlock, seqStep = 1): LiveRows {
  const block = openBlock(columns);
  const flow = memo((row) => materialize(block, row, firstSeq + row * seqStep));
  return {
    count: block.rows,
    block,
    tell: teller(block),
    flow,
    drop: memo((row) => {
      const dropped = flow(row);
      const { verdict } = dropped;
      return dropTraits(dropped, verdict.kind === 'dropped' ? verdict.reason : '');
    }),
    conversation: conversations(block),
  };
}

function teller(block: Block): (matching: readonly number[]) => MatchedRows {
  const kindOf = reader(block, 'verdict', (value) => (value as Verdict).kind);
  const originOf = reader(block, 'origin', String);
  const eventsOf = reader(block, 'counts', (value) => (value as FlowCounts).events);
  return (matching) => {
    const counts = noCounts();
    const records = noCounts();
    const byOrigin: Record<string, number> = {};
    const denied: number[] = [];
    const others: number[] = [];
    for (const row of matching) {
      const kind = kindOf(row);
      const events = eventsOf(row);
      counts[kind] += events;
      records[kind] += 1;
      const origin = originOf(row);
      byOrigin[origin] = (byOrigin[origin] ?? 0) + events;
      (kind === 'dropped' || kind === 'audit' ? denied : others).push(row);
    }
    return { counts, records, byOrigin, denied, others };
  };
}

/** FNV-1a over both ends, the same whichever of them sent the packet. */
function conversations(block: Block): (row: number) => number {
  const sourceIp = reader(block, 'sourceIp', String);
  const destinationIp = reader(block, 'destinationIp', String);
  const named = (value: unknown): string => {
    const { pod, workload } = value as Endpoint;
    return pod || workload;
  };
  const source = reader(block, 'source', named);
  const destination = reader(block, 'destination', named);
  const sourcePort = block.column('sourcePort');
  const destinationPort = block.column('destinationPort');
  return memo((row) => {
    const from = `${sourceIp(row) || source(row)}:${String(valueAt(sourcePort, row))}`;
    const to = `${destinationIp(row) || destination(row)}:${String(valueAt(destinationPort, row))}`;
    const text = from < to ? `${from}|${to}` : `${to}|${from}`;
    let hash = 0x811c_9dc5;
    for (let at = 0; at < text.length; at += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
    }
    return hash >>> 0;
  });
}

/** Reads a column whose values repeat; each distinct value is turned once. */
function reader<T>(
  block: Block,
  name: 'verdict' | 'origin' | 'counts' | 'source' | 'destination' | 'sourceIp' | 'destinationIp',
  turn: (value: unknown) => T,
): (row: number) => T {
  const column = block.column(name);
  if (column.kind !== 'values') throw new Error(`${name} is no column of values`);
  const { codes, value } = column;
  const byCode = memo((code) => turn(value(code)));
  return (row) => byCode(codes[row] ?? 0);
}

function memo<T>(make: (index: number) => T): (index: number) => T {
  const made: T[] = [];
  return (index) => (index in made ? (made[index] as T) : (made[index] = make(index)));
}
