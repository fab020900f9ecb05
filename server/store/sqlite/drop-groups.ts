import {
  createDropGrouper,
  dropTraits,
  growGroup,
  type Drop,
  type DropGroup,
  type DropGrouper,
} from '../../core/drop-groups.ts';
import { AppError } from '../../core/errors.ts';
import type { Flow, StoredFlow } from '../../core/flow.ts';
import type { Expression } from '../../query/ast.ts';
import type { DropGroups, DropQuery } from '../flow-store.ts';
import { valueAt, type Block } from '../../columns/block.ts';
import type { Catalog } from './catalog.ts';
import type { ColumnName } from '../../columns/column-specs.ts';
import { findFlow } from './page.ts';
import { createSlices } from './turns.ts';
import { walk, type Matches } from './walk.ts';

/** A scan of ports makes a group a port; this many take about 100 MB. */
const MAX_GROUPS = 200_000;

/** Rows between two looks at the clock. */
const STRIDE = 256;

const DROPPED: Expression = {
  kind: 'field',
  side: undefined,
  field: 'verdict',
  values: [{ kind: 'word', text: 'dropped', quoted: false }],
};

/** What is kept of a drop while counting. */
type Seen = Pick<StoredFlow, 'seq' | 'observedAt' | 'hits'>;
type Groups = Map<string, DropGroup<Seen>>;

/** Counts dropped flows by group. Of a block it reads the columns that grouping needs, of a group one flow. */
export async function readDropGroups(catalog: Catalog, query: DropQuery): Promise<DropGroups> {
  const { where, top, signal } = query;
  const head = Math.min(catalog.head(), query.asOf ?? Infinity);
  const dropped: Expression = where === undefined ? DROPPED : { kind: 'and', of: [DROPPED, where] };
  const grouper = createDropGrouper();
  const groups: Groups = new Map();
  const turns = createSlices();
  const found = walk(
    catalog,
    { ...query, where: dropped, asOf: head },
    { order: 'oldest', signal },
  );
  for await (const matches of found) {
    const dropAt = dropReader(matches.opened.block);
    for (let { from } = matches; from < matches.to; from += STRIDE) {
      const to = Math.min(from + STRIDE, matches.to);
      countRows(matches, { from, to, dropAt }, grouper, groups);
      if (await turns.give()) signal?.throwIfAborted();
    }
    if (groups.size > MAX_GROUPS) {
      throw new AppError('bad-query', `more than ${MAX_GROUPS} drop groups; narrow the query`);
    }
  }
  return { ...(await tell(catalog, groups, top)), head };
}

function countRows(
  { opened, rows }: Matches,
  { from, to, dropAt }: { from: number; to: number; dropAt: DropReader },
  grouper: DropGrouper,
  groups: Groups,
): void {
  for (let row = from; row < to; row++) {
    if (rows !== undefined && rows[row] !== 1) continue;
    const drop = dropAt(row);
    const { verdict } = drop;
    if (verdict.kind !== 'dropped') continue;
    const place = grouper.place(dropTraits(drop, verdict.reason));
    const seen = { seq: opened.seqAt(row), observedAt: drop.observedAt, hits: drop.hits };
    groups.set(place.key, growGroup(groups.get(place.key), place, seen));
  }
}

type DropReader = (row: number) => Drop & Pick<Flow, 'verdict'>;

function dropReader(block: Block): DropReader {
  // A column holds what `encodeFlows` read from the flow's property of the same name.
  const reader = <N extends ColumnName>(name: N) => {
    const column = block.column(name);
    return (row: number) => valueAt(column, row) as Flow[N];
  };
  const observedAt = reader('observedAt');
  const verdict = reader('verdict');
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
  return (row) => ({
    observedAt: observedAt(row),
    verdict: verdict(row),
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
  });
}

/** The groups in order, with their flows; beyond `top` only how many there are. */
async function tell(
  catalog: Catalog,
  counted: Groups,
  top: number,
): Promise<Pick<DropGroups, 'groups' | 'others'>> {
  const turns = createSlices();
  const groups: DropGroup[] = [];
  const others = { groups: 0, count: 0 };
  for (const group of [...counted.values()].sort((a, b) => b.lastSeq - a.lastSeq)) {
    const latest = groups.length < top ? findFlow(catalog, group.latest.seq) : undefined;
    // One whose flow was pruned while this counted has no row, but its count stands.
    if (latest !== undefined) groups.push({ ...group, latest });
    else {
      others.groups += 1;
      others.count += group.count;
    }
    await turns.give();
  }
  return { groups, others };
}
