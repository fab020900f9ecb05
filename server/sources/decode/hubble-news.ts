import type { Gap } from '../../core/flow.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import { normalNode } from './hubble-parts.ts';
import { pick, pickText, pickTexts, pickUint64, type LooseObject } from './loose-json.ts';
import { recordTime } from './record-time.ts';

/** News of nodes, as a relay tells it. */
export type NodeStatus = {
  /** `NODE_CONNECTED`, `NODE_UNAVAILABLE`, `NODE_GONE`, `NODE_ERROR`, or a word or number that is newer. */
  readonly state: string;
  readonly nodes: readonly string[];
  readonly message: string;
};

/** A loss that the agent or the relay counted. `fullNames` maps bare node names to those with a cluster. */
export function hubbleGap(
  lost: LooseObject,
  outer: LooseObject,
  receivedAt: EpochNanos,
  origin: string,
  fullNames: ReadonlyMap<string, string>,
): Gap {
  const at = recordTime(pickText(outer, 'time')) ?? receivedAt;
  const from = recordTime(pickText(lost, 'first')) ?? at;
  const to = recordTime(pickText(lost, 'last')) ?? at;
  const node = normalNode(pickText(outer, 'node_name'));
  const source = pick(lost, 'source');
  return {
    kind: 'lost',
    origin,
    node: fullNames.get(node) ?? node,
    from: from < to ? from : to,
    // The end of a gap is outside it, and the last loss is inside.
    to: nanos((from < to ? to : from) + 1n),
    count: pickUint64(lost, 'num_events_lost') ?? 0n,
    reason: lostSource(source),
  };
}

const LOST_SOURCES = [
  'UNKNOWN_LOST_EVENT_SOURCE',
  'PERF_EVENT_RING_BUFFER',
  'OBSERVER_EVENTS_QUEUE',
  'HUBBLE_RING_BUFFER',
] as const;

function lostSource(source: unknown): string {
  if (typeof source === 'string' && source !== '') return source;
  return typeof source === 'number' ? (LOST_SOURCES[source] ?? String(source)) : LOST_SOURCES[0];
}

const NODE_STATES = [
  'UNKNOWN_NODE_STATE',
  'NODE_CONNECTED',
  'NODE_UNAVAILABLE',
  'NODE_GONE',
  'NODE_ERROR',
] as const;

export function hubbleStatus(status: LooseObject): NodeStatus {
  const state = pick(status, 'state_change') ?? 0;
  return {
    state:
      typeof state === 'number'
        ? (NODE_STATES[state] ?? String(state))
        : typeof state === 'string'
          ? state
          : NODE_STATES[0],
    // Relay merges equal errors and may name a node several times.
    nodes: [...new Set(pickTexts(status, 'node_names').map(normalNode))],
    message: pickText(status, 'message'),
  };
}
