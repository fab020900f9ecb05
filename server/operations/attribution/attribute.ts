import type { FlowFields, PolicyRef } from '../../core/flow.ts';
import { hitCounts } from '../../core/hit-counts.ts';
import type { Inventory } from '../../core/inventory.ts';
import type { EpochNanos } from '../../core/time.ts';
import { unnamedDecision, type UnnamedDecision } from '../../core/unnamed-decision.ts';
import type { Engine } from '../../policy/engine.ts';
import type { Dataplane } from '../../policy/facts.ts';
import type { EvaluatedCell } from '../../store/control/evaluated-hits.ts';
import type { FlowReader } from '../../store/flow-store.ts';
import type { AnalysisDesk } from '../analysis-desk.ts';
import type { ClusterDataplanes, DataplaneFinder } from '../policies/cluster-dataplanes.ts';
import type { Engines } from '../why/engine-at.ts';
import { clusterOf } from '../why/weigh.ts';
import { createCells } from './cells.ts';
import { weighDecision, type Weighed } from './credit.ts';
import { createEnginesInForce, type EnginesInForce } from './engines-in-force.ts';
import { newConnections, unnamedQuery, type MinuteRow } from './new-connections.ts';

export type AttributionQuestion = {
  /** Flows after this one, up to the other. */
  readonly after: number;
  readonly upTo: number;
  /** Clusters whose agents are known to tell policy verdicts. */
  readonly verdictsOf: readonly string[];
  /** Now: the policies of later times are not known. */
  readonly now: EpochNanos;
};

export type AttributionAnswer = {
  /** What was weighed ends here: short of what was asked where that was too much at once. */
  readonly upTo: number;
  readonly cells: readonly EvaluatedCell[];
  readonly verdictsOf: readonly string[];
};

type AttributionParts = {
  readonly reader: Pick<FlowReader, 'connections'>;
  readonly inventory: Inventory;
  readonly engines: Engines;
  readonly dataplanes: DataplaneFinder;
};

/** The same with what a process of analyses has. */
export const attributeStored = (
  { reader, inventory, engines, policies: { dataplanes } }: AnalysisDesk,
  question: AttributionQuestion,
): Promise<AttributionAnswer> => attribute({ reader, inventory, engines, dataplanes }, question);

/** Rows that are weighed at once; some seconds of work where none of them is like another. */
const MAX_ROWS = 20_000;

/** Weighs the flows of a stretch whose records name no policy, each against the policies of the minute it was seen in. */
export async function attribute(
  { reader, inventory, engines, dataplanes }: AttributionParts,
  { after, upTo, verdictsOf, now }: AttributionQuestion,
  maxRows = MAX_ROWS,
): Promise<AttributionAnswer> {
  const found = await dataplanes.find();
  const where = unnamedQuery(found.sourcesOf('azure-npm'));
  for (let end = upTo; ;) {
    const stretch = { after, upTo: end, around: now, limit: maxRows };
    const rows = await newConnections(reader, where, stretch);
    if (rows === undefined) {
      // So many flows cannot be more rows than that.
      end = after + Math.max(Math.min(maxRows, end - after - 1), Math.floor((end - after) / 4));
      continue;
    }
    const told = new Set([...verdictsOf, ...tellersIn(rows)]);
    const inForce = createEnginesInForce({ inventory, engines, until: now });
    const cells = await weighRows(decisionsIn(rows, found, told), inForce);
    return { upTo: end, cells, verdictsOf: [...told].sort() };
  }
}

/** Clusters whose agents tell policy verdicts: there a drop by policy was told by one already. */
const tellersIn = (rows: readonly MinuteRow[]): readonly string[] =>
  rows.flatMap(({ row: { flow } }) => (flow.event === 'policy-verdict' ? [clusterOf(flow)] : []));

type OpenRow = MinuteRow & {
  readonly decision: UnnamedDecision;
  readonly named: readonly PolicyRef[];
  readonly dataplane: Dataplane;
  /** What came out by each engine, since those of one minute are mostly those of the next. */
  readonly weighed: Map<Engine, Weighed>;
};

function decisionsIn(
  rows: readonly MinuteRow[],
  dataplanes: ClusterDataplanes,
  tellers: ReadonlySet<string>,
): readonly OpenRow[] {
  const retinas = new Set(dataplanes.sourcesOf('azure-npm'));
  return rows.flatMap((each) => {
    const { flow } = each.row;
    const byRetina = retinas.has(flow.origin);
    const withVerdicts = tellers.has(clusterOf(flow));
    const decision = unnamedDecision(flow, { byRetina, withVerdicts });
    if (decision === undefined) return [];
    const named = hitCounts(flow).map(({ hit: { policy } }) => policy);
    const dataplane = dataplaneOfRow(flow, byRetina);
    return [{ ...each, decision, named, dataplane, weighed: new Map() }];
  });
}

const dataplaneOfRow = ({ event }: FlowFields, byRetina: boolean): Dataplane => {
  if (event === 'flow-log') return 'calico';
  return byRetina ? 'azure-npm' : 'cilium';
};

async function weighRows(
  rows: readonly OpenRow[],
  inForce: EnginesInForce,
): Promise<readonly EvaluatedCell[]> {
  const cells = createCells();
  const seen = rows.flatMap((row) => row.minutes.map((at) => ({ row, ...at })));
  // By minute, so that few engines are needed at a time.
  for (const { row, minute, events } of seen.toSorted((a, b) => a.minute - b.minute)) {
    if (events === 0) continue;
    const { flow, firstAt, lastAt } = row.row;
    const engines = await inForce.of(minute, flow, row.dataplane);
    const weighed = weighWithAll(engines, row);
    const { decision, named } = row;
    cells.add(weighed, { decision, named, minute, count: events, firstAt, lastAt });
  }
  return cells.all();
}

/** Where two sets were in force in a minute, what they agree on. */
function weighWithAll(
  engines: readonly Engine[],
  { row: { flow }, decision, dataplane, weighed }: OpenRow,
): Weighed {
  const open = { kind: 'open', way: decision.way } as const;
  const all = engines.map((engine) => {
    const known = weighed.get(engine) ?? weighDecision(engine, flow, decision, dataplane);
    weighed.set(engine, known);
    return known;
  });
  const [first, ...others] = all;
  if (first === undefined) return { ...open, why: 'no-snapshot' };
  const text = JSON.stringify(first);
  return others.every((other) => JSON.stringify(other) === text)
    ? first
    : { ...open, why: 'changed' };
}
