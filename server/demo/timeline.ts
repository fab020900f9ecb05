import { createCluster, type Cluster } from './cluster.ts';
import { conversationEvents, LONGEST_CONVERSATION_SECONDS } from './conversation.ts';
import type { Edge } from './edge.ts';
import type { DemoEvent } from './flow-builder.ts';
import { EAST } from './inventory.ts';
import { createPartyPicker, type PartyPicker } from './party.ts';
import { rateAt, type DemoRates } from './rate.ts';
import { createRandom, mixSeed, type Random } from './random.ts';
import { scriptAt, type ScriptState } from './script.ts';
import { EAST_TRAFFIC } from './traffic.ts';
import { LOST } from './wire-message.ts';

export type TimelineOptions = DemoRates & {
  readonly seed: number;
  readonly nodeCount: number;
  /** `story`: incidents come and go; `quiet`: none does. */
  readonly scenario: 'story' | 'quiet';
};

/**
 * What happens in `demo-east`, second by second. A second's events are a pure function of the options, so the
 * past needs no memory: a reader that comes back is told the same events again.
 */
export type Timeline = {
  readonly cluster: Cluster;
  readonly options: TimelineOptions;
  stateAt(second: number): ScriptState;
  /** Opens a reader. It is cheapest to ask one for consecutive seconds. */
  reader(): TimelineReader;
};

export type TimelineReader = {
  /** Events of one second of time, in order. Lost events stand at the second's end. */
  second(second: number): readonly DemoEvent[];
};

const isActive = ({ rhythm }: Edge, second: number): boolean =>
  rhythm === undefined ||
  (second + rhythm.everySeconds - rhythm.phaseSeconds) % rhythm.everySeconds < rhythm.forSeconds;

function weightAt(edge: Edge, second: number, state: ScriptState): number {
  if (!isActive(edge, second)) return 0;
  const { during } = edge;
  return during !== undefined && state.incidents.has(during.incident)
    ? edge.weight * during.factor
    : edge.weight;
}

type EdgePicker = (random: Random) => Edge;

function createEdgePicker(second: number, state: ScriptState): EdgePicker {
  let sum = 0;
  const sums = EAST_TRAFFIC.map((edge) => (sum += weightAt(edge, second, state)));
  return (random) => {
    const at = random.unit() * sum;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) > at) high = middle;
      else low = middle + 1;
    }
    const edge = EAST_TRAFFIC[low];
    if (edge === undefined) throw new RangeError('there is no traffic');
    return edge;
  };
}

function converse(
  edge: Edge,
  second: number,
  state: ScriptState,
  random: Random,
  pick: PartyPicker,
): DemoEvent[] {
  const { during } = edge;
  const changed =
    during !== undefined && state.incidents.has(during.incident)
      ? { [during.side]: during.decision }
      : {};
  const conversation = {
    edge,
    client: pick(edge.from, random),
    server: pick(edge.to, random),
    clientPort: 32_768 + random.below(28_232),
    egress: edge.egress,
    ingress: edge.ingress,
    ...changed,
  };
  return conversationEvents(conversation, { second, nanos: random.below(1_000_000_000) }, random);
}

const QUIET = scriptAt(0, 1);
const SAMPLE = 4_000;

/** Events that a conversation makes on average, measured on a fixed sample. */
function meanEvents(cluster: Cluster): number {
  const random = createRandom(7);
  const pick = createPartyPicker(cluster);
  const pickEdge = createEdgePicker(0, QUIET);
  let events = 0;
  for (let count = 0; count < SAMPLE; count += 1)
    events += converse(pickEdge(random), 0, QUIET, random, pick).length;
  return events / SAMPLE;
}

const byTime = (a: DemoEvent, b: DemoEvent): number => a.seconds - b.seconds || a.nanos - b.nanos;

function lostEvent(cluster: Cluster, node: number, second: number, count: number): DemoEvent {
  const nodeName = cluster.nodes[node]?.qualifiedName ?? '';
  const time = { seconds: second, nanos: 999_999_999 };
  const lost_events = {
    source: LOST.observerQueue,
    num_events_lost: count,
    first: { seconds: second, nanos: 0 },
    last: time,
  };
  return { ...time, node, response: { lost_events, node_name: nodeName, time } };
}

/** What a lossy node and an unreachable one leave of a second's events. */
function withLosses(
  events: readonly DemoEvent[],
  state: ScriptState,
  cluster: Cluster,
  second: number,
): readonly DemoEvent[] {
  const { lossyNode, unavailableNode } = state;
  if (lossyNode === undefined && unavailableNode === undefined) return events;
  let lost = 0;
  const kept = events.filter(({ node, nanos }) => {
    if (node === unavailableNode) return false;
    if (node !== lossyNode || nanos % 2 === 0) return true;
    lost += 1;
    return false;
  });
  if (lossyNode !== undefined && lost > 0) kept.push(lostEvent(cluster, lossyNode, second, lost));
  return kept;
}

/** Builds the timeline of `demo-east`. */
export function createTimeline(options: TimelineOptions): Timeline {
  const { seed, startSecond, nodeCount, scenario } = options;
  const cluster = createCluster({
    name: 'demo-east',
    seed,
    nodeCount,
    specs: EAST,
    addressBlock: 0,
  });
  const mean = meanEvents(cluster);
  const stateAt = (second: number): ScriptState =>
    scenario === 'quiet' ? QUIET : scriptAt(second - startSecond, nodeCount);

  const begunIn = (second: number, pick: PartyPicker): DemoEvent[] => {
    const random = createRandom(mixSeed(seed, second));
    const state = stateAt(second);
    const pickEdge = createEdgePicker(second, state);
    // Traffic breathes by a fifth over ten minutes, and by a tenth from second to second.
    const wave = 1 + 0.2 * Math.sin((second / 600) * 2 * Math.PI) + 0.2 * (random.unit() - 0.5);
    const exact = (rateAt(options, second) / mean) * wave;
    const count = Math.floor(exact) + (random.chance(exact % 1) ? 1 : 0);
    const events: DemoEvent[] = [];
    for (let at = 0; at < count; at += 1) {
      for (const event of converse(pickEdge(random), second, state, random, pick))
        events.push(event);
    }
    return events;
  };

  const reader = (): TimelineReader => {
    const pick = createPartyPicker(cluster);
    const pending = new Map<number, DemoEvent[]>();
    let next = Number.NaN;
    const begin = (second: number): void => {
      for (const event of begunIn(second, pick)) {
        const bucket = pending.get(event.seconds);
        if (bucket === undefined) pending.set(event.seconds, [event]);
        else bucket.push(event);
      }
    };
    return {
      second(second) {
        if (second !== next) {
          pending.clear();
          for (let past = second - LONGEST_CONVERSATION_SECONDS; past < second; past += 1) {
            begin(past);
            pending.delete(past);
          }
        }
        begin(second);
        next = second + 1;
        const events = (pending.get(second) ?? []).sort(byTime);
        pending.delete(second);
        return withLosses(events, stateAt(second), cluster, second);
      },
    };
  };

  return { cluster, options, stateAt, reader };
}
