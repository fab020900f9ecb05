import type { Drop } from '../../core/drop-groups.ts';
import type { Flow } from '../../core/flow.ts';
import type { Expression } from '../../query/ast.ts';
import type { FlowQuery } from '../flow-store.ts';
import { valueAt, type Block } from '../../columns/block.ts';
import type { ColumnName } from '../../columns/column-specs.ts';
import type { Catalog } from './catalog.ts';
import { createSlices } from './turns.ts';
import { walk, type WalkOptions } from './walk.ts';

/** Rows between two looks at the clock. */
const STRIDE = 256;

const DROPPED: Expression = {
  kind: 'field',
  side: undefined,
  field: 'verdict',
  values: [{ kind: 'word', text: 'dropped', quoted: false }],
};

export type DropRow = Drop &
  Pick<Flow, 'window'> & {
    readonly seq: number;
    /** Code of the drop reason. */
    readonly reason: string;
  };

export type DropVisitor = {
  visit(drop: DropRow): void;
  /** Asked now and then; the walk ends when it answers false. */
  goesOn(): boolean;
};

/** Shows the dropped flows that match to a visitor, in commit order. Of a block it reads what grouping needs. */
export async function visitDrops(
  catalog: Catalog,
  query: FlowQuery,
  { after, signal }: Pick<WalkOptions, 'after' | 'signal'>,
  visitor: DropVisitor,
): Promise<void> {
  const where: Expression =
    query.where === undefined ? DROPPED : { kind: 'and', of: [DROPPED, query.where] };
  const turns = createSlices();
  const found = walk(catalog, { ...query, where }, { order: 'oldest', after, signal });
  for await (const { opened, from, to, rows } of found) {
    const dropAt = dropReader(opened.block);
    for (let row = from; row < to; row++) {
      if (rows === undefined || rows[row] === 1) {
        const drop = dropAt(row, opened.seqAt(row));
        if (drop !== undefined) visitor.visit(drop);
      }
      if ((row - from) % STRIDE !== STRIDE - 1) continue;
      if (await turns.give()) signal?.throwIfAborted();
      if (!visitor.goesOn()) return;
    }
    if (!visitor.goesOn()) return;
  }
}

function dropReader(block: Block): (row: number, seq: number) => DropRow | undefined {
  // A column holds what `encodeFlows` read from the flow's property of the same name.
  const reader = <N extends ColumnName>(name: N) => {
    const column = block.column(name);
    return (row: number) => valueAt(column, row) as Flow[N];
  };
  const observedAt = reader('observedAt');
  const verdictOf = reader('verdict');
  const window = reader('window');
  const node = reader('node');
  const event = reader('event');
  const protocol = reader('protocol');
  const direction = reader('direction');
  const hits = reader('hits');
  const counts = reader('counts');
  const source = reader('source');
  const sourceIp = reader('sourceIp');
  const sourceNames = reader('sourceNames');
  const sourcePort = reader('sourcePort');
  const destination = reader('destination');
  const destinationIp = reader('destinationIp');
  const destinationNames = reader('destinationNames');
  const destinationPort = reader('destinationPort');
  return (row, seq) => {
    const verdict = verdictOf(row);
    if (verdict.kind !== 'dropped') return undefined;
    return {
      seq,
      reason: verdict.reason,
      observedAt: observedAt(row),
      window: window(row),
      node: node(row),
      event: event(row),
      protocol: protocol(row),
      direction: direction(row),
      hits: hits(row),
      counts: counts(row),
      source: source(row),
      sourceIp: sourceIp(row),
      sourceNames: sourceNames(row),
      sourcePort: sourcePort(row),
      destination: destination(row),
      destinationIp: destinationIp(row),
      destinationNames: destinationNames(row),
      destinationPort: destinationPort(row),
    };
  };
}
