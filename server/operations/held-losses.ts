import type { FlowBatch, Gap } from '../core/flow.ts';
import type { FlowSource } from '../sources/flow-source.ts';

const MAX_GAPS = 10_000;

/**
 * Losses that a stream counted while nothing could be stored. It tells them once, whereas all else is told again,
 * or found missing, when it is read from its checkpoint.
 */
export type HeldLosses = {
  hold(source: FlowSource, batch: FlowBatch): void;
  /** The batch with what is held for its source. */
  with(batch: FlowBatch): FlowBatch;
  /** What was held for a source is committed. */
  forget(origin: string): void;
};

export function createHeldLosses(): HeldLosses {
  const held = new Map<string, readonly Gap[]>();
  return {
    hold({ kind, name }, { gaps }) {
      if (kind !== 'hubble-relay') return;
      const lost = gaps.filter((gap) => gap.kind === 'lost');
      held.set(name, [...(held.get(name) ?? []), ...lost].slice(-MAX_GAPS));
    },
    with(batch) {
      const gaps = held.get(batch.origin);
      return gaps === undefined ? batch : { ...batch, gaps: [...gaps, ...batch.gaps] };
    },
    forget: (origin) => void held.delete(origin),
  };
}
