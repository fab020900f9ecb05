import { policyName } from '../../core/policy-name.ts';
import { formatTime } from '../../core/time.ts';
import { endText } from './edge-ends.ts';
import type { EdgeJson } from './audit-shapes.ts';
import type { AllowList } from './allow-list.ts';
import type { Recorded } from './recorded.ts';
import type { Outcome, SimulatedEdge } from './simulate.ts';
import type { RecordedSimulation } from './simulate-recorded.ts';

/** What a simulation found, as `--output json` and the API tell it. Equal input gives equal bytes. */
export type SimulationJson = {
  readonly window: { readonly from: string; readonly to: string };
  readonly clusters: RecordedSimulation['clusters'];
  readonly policies: number;
  readonly notEnforced: readonly string[];
  /** Edges with each outcome; `accepted` are newly denied ones that the list of exceptions names. */
  readonly counts: RecordedSimulation['counts'] & { readonly accepted: number };
  readonly weighed: number;
  /** Events in no edge. */
  readonly leftOut: { readonly noConnection: number; readonly tooMany: number };
  /** Exceptions whose time is over: they hold no longer. */
  readonly expired: readonly string[];
  /** Edges that are not unchanged: newly denied first, each the most used first. */
  readonly edges: readonly SimulatedEdgeJson[];
};

export type SimulatedEdgeJson = EdgeJson & {
  readonly outcome: Exclude<Outcome, 'unchanged'>;
  readonly before: string;
  readonly after: string;
  /** Why it is accepted; null where it is not. */
  readonly accepted: string | null;
};

const ORDER: readonly Outcome[] = ['newly-denied', 'undecided', 'newly-allowed'];

export function simulationJson(
  recorded: Recorded,
  simulation: RecordedSimulation,
  accepts: AllowList,
): SimulationJson {
  const edges = simulation.edges
    .filter(({ outcome }) => outcome !== 'unchanged')
    .map((each) => edgeJson(each, accepts))
    .sort(compareEdges);
  const accepted = edges.filter((each) => each.accepted !== null).length;
  return {
    window: { from: formatTime(recorded.window.from), to: formatTime(recorded.window.to) },
    clusters: simulation.clusters,
    policies: simulation.policies,
    notEnforced: simulation.notEnforced,
    counts: { ...simulation.counts, accepted },
    weighed: simulation.weighed,
    leftOut: { noConnection: recorded.left, tooMany: recorded.untold },
    expired: accepts.expired,
    edges,
  };
}

function compareEdges(one: SimulatedEdgeJson, other: SimulatedEdgeJson): number {
  const rank = ORDER.indexOf(one.outcome) - ORDER.indexOf(other.outcome);
  if (rank !== 0) return rank;
  return byUse(one, other);
}

type Used = Pick<SimulatedEdgeJson, 'cluster' | 'from' | 'to' | 'port' | 'events'>;

/** The most used first. */
export function byUse(one: Used, other: Used): number {
  if (one.events !== other.events) return other.events - one.events;
  const text = ({ cluster, from, to, port }: Used): string => [cluster, from, to, port].join(' ');
  return text(one) < text(other) ? -1 : 1;
}

export function edgeJson(simulated: SimulatedEdge, accepts: AllowList): SimulatedEdgeJson {
  const { edge, outcome, before, after, ends, missing, share } = simulated;
  const from = endText(edge.source);
  const to = endText(edge.destination);
  const port = edge.port > 0 ? `${edge.port}/${edge.protocol}` : edge.protocol;
  const { source, destination } = edge;
  const inside = source.kind === 'workload' ? source : destination;
  const decided = new Map(
    ends.flatMap(({ decidedBy }) =>
      decidedBy.map((ref) => [`${ref.kind} ${policyName(ref)}`, ref] as const),
    ),
  );
  return {
    ...{ outcome: outcome as SimulatedEdgeJson['outcome'], from, to, port },
    cluster: 'cluster' in inside ? inside.cluster : '',
    ...{ before, after, why: whyText(simulated) },
    decidedBy: [...decided.values()].map((ref) => ({ kind: ref.kind, policy: policyName(ref) })),
    missing,
    events: edge.events.allowed + edge.events.denied + edge.events.audited,
    share: Math.round(share * 1_000) / 1_000,
    firstAt: formatTime(edge.firstAt),
    lastAt: formatTime(edge.lastAt),
    ...{ rhythm: edge.rhythm, seenAt: edge.seenAt, example: edge.example },
    accepted: outcome === 'newly-denied' ? (accepts.accepts({ from, to, port }) ?? null) : null,
  };
}

const REASONS: Readonly<Record<string, string>> = {
  'default-deny': 'isolated, and no rule allows it',
  'tier-default-deny': 'no rule of the tier allows it',
  'rule-deny': 'a rule denies it',
  'l7-deny': 'no L7 rule allows it',
  'no-match': 'no rule allows it',
};

function whyText({ outcome, ends, missing }: SimulatedEdge): string {
  if (outcome === 'undecided') return `not known: ${missing.join('; ') || 'what decides it'}`;
  if (outcome === 'newly-allowed') return 'was denied, and would pass';
  return ends
    .map(({ way, reason, decidedBy }) => {
      const names = decidedBy.map(policyName).join(', ');
      return `${way}: ${REASONS[reason] ?? reason}${names === '' ? '' : ` (${names})`}`;
    })
    .join('; ');
}
