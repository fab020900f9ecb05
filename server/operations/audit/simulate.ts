import type { Edge } from '../../core/edge.ts';
import type { PolicyRef } from '../../core/flow.ts';
import type { Engine, Judgement, Verdict } from '../../policy/engine.ts';
import type { EndVerdict } from '../../policy/evaluate.ts';
import type { Dataplane } from '../../policy/facts.ts';
import type { Way } from '../../policy/form.ts';
import { judgedOf } from '../../policy/flow-judged.ts';
import type { ConnectionRow } from '../../store/connections.ts';
import { serverPort } from './edge-ends.ts';
import type { FoldedEdge } from './fold-edges.ts';
import { hasPassed, passesAtEachEnd } from './passed.ts';

/**
 * What a change of policies does to what was recorded.
 * `newly-denied`: it passed, and would not. `undecided`: it passed, and a fact is missing to say whether it would.
 */
export type Outcome = 'newly-denied' | 'newly-allowed' | 'undecided' | 'unchanged';

/** What one end of an edge decides, after the change. */
export type DecidedEnd = {
  readonly way: Way;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly decidedBy: readonly PolicyRef[];
};

export type SimulatedEdge = {
  readonly edge: Edge;
  readonly outcome: Outcome;
  readonly before: Verdict;
  readonly after: Verdict;
  /** The ends that deny or are open after the change; both where the edge is allowed. */
  readonly ends: readonly DecidedEnd[];
  /** What would settle what is open. */
  readonly missing: readonly string[];
  /** Events of the rows that have this outcome, of all events of the edge: its pods may differ. */
  readonly share: number;
};

export type Simulation = {
  readonly edges: readonly SimulatedEdge[];
  readonly counts: Readonly<Record<Outcome, number>>;
  /** Connections that were weighed, each once before and once after. */
  readonly weighed: number;
};

export type SimulateOptions = {
  /** What was in force; `undefined`: what the records say stands for it. */
  readonly before: Engine | undefined;
  readonly after: Engine;
  readonly dataplane: Dataplane;
  /** Told now and then, with the edges that are done. */
  readonly onprogress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
};

/** An edge with several outcomes has the first of these. */
const RANK: readonly Outcome[] = ['newly-denied', 'undecided', 'newly-allowed', 'unchanged'];
const PROGRESS_EVERY = 500;

/** Weighs recorded edges by two sets of policies. */
export function simulate(folded: readonly FoldedEdge[], options: SimulateOptions): Simulation {
  const weigh = createWeigher(options);
  const edges: SimulatedEdge[] = [];
  for (const [at, each] of folded.entries()) {
    options.signal?.throwIfAborted();
    if (at % PROGRESS_EVERY === 0) options.onprogress?.(at, folded.length);
    edges.push(simulateEdge(each, weigh));
  }
  options.onprogress?.(folded.length, folded.length);
  const counts = { 'newly-denied': 0, 'newly-allowed': 0, undecided: 0, unchanged: 0 };
  for (const { outcome } of edges) counts[outcome] += 1;
  return { edges, counts, weighed: weigh.weighed() };
}

type Weighed = {
  readonly outcome: Outcome;
  readonly before: Verdict;
  readonly after: Judgement;
};

type Weigher = {
  /** `passes`: as its edge was recorded. */
  of(row: ConnectionRow, passes: boolean): Weighed;
  weighed(): number;
};

function createWeigher({ before, after, dataplane }: SimulateOptions): Weigher {
  const known = new Map<
    string,
    { readonly before: Judgement | undefined; readonly after: Judgement }
  >();
  const judge = (engine: Engine, { flow }: ConnectionRow): Judgement =>
    engine.judge(judgedOf(flow, { facts: engine.world.facts, dataplane, icmp: undefined }));
  return {
    of(row, passes) {
      const key = weighedKey(row);
      let both = known.get(key);
      if (both === undefined) {
        both = { before: before && judge(before, row), after: judge(after, row) };
        known.set(key, both);
      }
      const was = verdictBefore(row, both.before, passes);
      const isSame = both.before !== undefined && isOpenAlike(both.before, both.after);
      const outcome = isSame ? 'unchanged' : outcomeOf(was, both.after.verdict);
      return { outcome, before: was, after: both.after };
    },
    weighed: () => known.size,
  };
}

/** Rows that differ in no more than their counts, who told of them and what was decided are weighed once. */
export function weighedKey({ flow }: ConnectionRow): string {
  const { source, destination, sourceIp, destinationIp, sourceNames, destinationNames } = flow;
  const end = (of: typeof source, ip: string, names: readonly string[]): string =>
    [of.kind, of.cluster, of.namespace, of.pod, of.workload, of.name, ip, names, of.labels].join(
      '|',
    );
  return [
    end(source, sourceIp, sourceNames),
    end(destination, destinationIp, destinationNames),
    ...[flow.protocol, serverPort(flow), flow.reply],
  ].join(' ');
}

/** Where the policies leave it open, or are not known, the record says how it was. */
function verdictBefore(
  row: ConnectionRow,
  judged: Judgement | undefined,
  passes: boolean,
): Verdict {
  if (judged !== undefined && judged.verdict !== 'undetermined') return judged.verdict;
  if (hasPassed(row)) return passes ? 'allow' : 'deny';
  return row.flow.verdict.kind === 'dropped' ? 'deny' : 'undetermined';
}

/** Open before and after, for the same reasons and under the same policies: the change has nothing to do with it. */
function isOpenAlike(before: Judgement, after: Judgement): boolean {
  if (before.verdict !== 'undetermined' || after.verdict !== 'undetermined') return false;
  const text = (judgement: Judgement): string =>
    JSON.stringify([
      missingOf(judgement),
      [judgement.egress, judgement.ingress].map((end) => end?.selectedBy.map(({ key }) => key)),
    ]);
  return text(before) === text(after);
}

function outcomeOf(before: Verdict, after: Verdict): Outcome {
  if (after === 'undetermined') return before === 'deny' ? 'unchanged' : 'undecided';
  if (before === 'deny' && after === 'allow') return 'newly-allowed';
  return before !== 'deny' && after === 'deny' ? 'newly-denied' : 'unchanged';
}

function simulateEdge({ edge, rows }: FoldedEdge, weigh: Weigher): SimulatedEdge {
  const passes = passesAtEachEnd(rows);
  const all = rows.map((row) => ({ row, ...weigh.of(row, passes) }));
  const outcome = RANK.find((each) => all.some((one) => one.outcome === each)) ?? 'unchanged';
  const those = all.filter((one) => one.outcome === outcome);
  // What was denied anyhow says least about what came through.
  const shown = those.find(({ before }) => before !== 'deny') ?? those[0];
  const sum = (of: typeof all): number => of.reduce((events, { row }) => events + row.events, 0);
  const events = sum(all);
  return {
    edge,
    outcome,
    before: shown?.before ?? 'undetermined',
    after: shown?.after.verdict ?? 'undetermined',
    ends: shown === undefined ? [] : decidedEnds(shown.after),
    missing: shown === undefined ? [] : missingOf(shown.after),
    share: events === 0 ? 1 : sum(those) / events,
  };
}

function decidedEnds({ verdict, egress, ingress }: Judgement): readonly DecidedEnd[] {
  const ends: readonly (readonly [Way, EndVerdict | undefined])[] = [
    ['egress', egress],
    ['ingress', ingress],
  ];
  return ends.flatMap(([way, end]) =>
    end === undefined || end.verdict !== verdict
      ? []
      : {
          ...{ way, verdict: end.verdict, reason: end.reason },
          decidedBy: [...new Set(end.decidedBy.map(({ ref }) => ref))],
        },
  );
}

const missingOf = ({ missing, egress, ingress }: Judgement): readonly string[] => [
  ...new Set(
    [...missing, ...(egress?.missing ?? []), ...(ingress?.missing ?? [])].map(({ text }) => text),
  ),
];
