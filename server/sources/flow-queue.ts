import type { Flow, Gap } from '../core/flow.ts';
import { nanos, type EpochNanos } from '../core/time.ts';

/**
 * Flows that wait for a commit, at most `limit` of them. What comes when it is full is left out and counted:
 * allowed flows first, also those that wait already; drops, errors and what staged policies would deny only
 * where nothing else is left.
 */
export type FlowQueue = {
  readonly push: (flow: Flow) => void;
  readonly size: () => number;
  readonly full: () => boolean;
  /** Everything that waits, in the order of its arrival, and what was left out since the last taking. */
  readonly take: () => { readonly flows: Flow[]; readonly shed: readonly Gap[] };
};

/** Why flows are missing that this server received and had no room for. */
export const SHED_ALLOWED = 'dropwise overload';
export const SHED_DROPS = 'dropwise overload, drops too';

type Shed = { from: EpochNanos; to: EpochNanos; count: bigint };

export function createFlowQueue(options: {
  readonly origin: string;
  readonly limit: number;
  /** Such a flow is never left out, since nobody knows whether it would be missing; its sender has to wait. */
  readonly mayBeStored: (flow: Flow) => boolean;
}): FlowQueue {
  const { origin, limit, mayBeStored } = options;
  /** `undefined` where a flow made room for another. */
  let waiting: (Flow | undefined)[] = [];
  let size = 0;
  /** Nothing allowed waits at this place or after it, except what came since. */
  let looked = 0;
  const shed = { [SHED_ALLOWED]: new Map<string, Shed>(), [SHED_DROPS]: new Map<string, Shed>() };

  const leaveOut = (reason: keyof typeof shed, { node, observedAt }: Flow): void => {
    const known = shed[reason].get(node);
    const end = nanos(observedAt + 1n);
    if (known === undefined) shed[reason].set(node, { from: observedAt, to: end, count: 1n });
    else {
      if (observedAt < known.from) known.from = observedAt;
      if (end > known.to) known.to = end;
      known.count += 1n;
    }
  };
  /** Takes out the newest allowed flow, so that what is missing lies together. */
  const makeRoom = (): boolean => {
    while (looked > 0) {
      looked -= 1;
      const flow = waiting[looked];
      if (flow === undefined || !goesFirst(flow) || mayBeStored(flow)) continue;
      leaveOut(SHED_ALLOWED, flow);
      waiting[looked] = undefined;
      size -= 1;
      return true;
    }
    return false;
  };
  const gapsOf = (reason: keyof typeof shed): Gap[] => {
    const gaps = [...shed[reason]].map(([node, span]): Gap => ({
      kind: 'lost',
      origin,
      node,
      ...span,
      reason,
    }));
    shed[reason].clear();
    return gaps;
  };

  return {
    push: (flow) => {
      if (size >= limit && !mayBeStored(flow)) {
        const reason = goesFirst(flow) ? SHED_ALLOWED : makeRoom() ? undefined : SHED_DROPS;
        if (reason !== undefined) {
          leaveOut(reason, flow);
          return;
        }
        waiting.push(flow);
      } else {
        waiting.push(flow);
        if (size < limit) looked = waiting.length;
      }
      size += 1;
    },
    size: () => size,
    full: () => size >= limit,
    take: () => {
      const flows =
        waiting.length === size
          ? (waiting as Flow[])
          : waiting.filter((flow): flow is Flow => flow !== undefined);
      waiting = [];
      size = 0;
      looked = 0;
      return { flows, shed: [...gapsOf(SHED_ALLOWED), ...gapsOf(SHED_DROPS)] };
    },
  };
}

/** What is only traffic. A staged denial on an allowed flow is what somebody tries a policy for. */
const goesFirst = ({ verdict, hits }: Flow): boolean =>
  verdict.kind === 'allowed' &&
  !hits.some(({ stage, action }) => stage === 'pending' && action === 'deny');
