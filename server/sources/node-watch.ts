import type { Gap } from '../core/flow.ts';
import type { EpochNanos } from '../core/time.ts';

/** Follows which nodes a relay reaches, and turns each absence into a gap when it is over. */
export type NodeWatch = {
  readonly connected: (node: string, at: EpochNanos) => void;
  readonly unavailable: (node: string, at: EpochNanos) => void;
  /** A flow of the node came: it is back, whatever the relay said last. */
  readonly flowSeen: (node: string, at: EpochNanos) => void;
  /** Absences that ended since the last call. */
  readonly takeGaps: () => Gap[];
  /** Absences that last until now, as gaps that end now. */
  readonly closeAll: (at: EpochNanos) => void;
  readonly state: () => { readonly connected: number; readonly unavailable: readonly string[] };
};

export function createNodeWatch(origin: string): NodeWatch {
  const up = new Set<string>();
  const downSince = new Map<string, EpochNanos>();
  let gaps: Gap[] = [];
  const close = (node: string, to: EpochNanos): void => {
    const from = downSince.get(node);
    if (from === undefined) return;
    downSince.delete(node);
    if (to <= from) return;
    const reason = 'node unavailable';
    gaps.push({ kind: 'unwatched', origin, node, from, to, count: undefined, reason });
  };
  return {
    connected: (node, at) => {
      close(node, at);
      up.add(node);
    },
    unavailable: (node, at) => {
      up.delete(node);
      if (!downSince.has(node)) downSince.set(node, at);
    },
    flowSeen: (node, at) => {
      const from = downSince.get(node);
      // Buffered flows from before the loss still arrive after the news of it.
      if (from === undefined || at <= from) return;
      close(node, at);
      up.add(node);
    },
    takeGaps: () => {
      const taken = gaps;
      gaps = [];
      return taken;
    },
    closeAll: (at) => {
      for (const node of downSince.keys()) close(node, at);
    },
    state: () => ({ connected: up.size, unavailable: [...downSince.keys()].sort() }),
  };
}
