import type { FlowBatch, Gap } from '../core/flow.ts';
import { nanos } from '../core/time.ts';
import type { FlowSource } from '../sources/flow-source.ts';
import { createLosses } from '../sources/fold-gaps.ts';

const AT_ONCE = nanos(0n);

/**
 * Losses that a stream counted while nothing could be stored. It tells them once, whereas all else is told again,
 * or found missing, when it is read from its checkpoint.
 */
export type HeldLosses = {
  /** Remembers the losses of a batch that was not stored. Many are folded; their counts stay exact. */
  hold(source: Pick<FlowSource, 'kind' | 'name'>, batch: FlowBatch): void;
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
      const losses = createLosses();
      for (const gap of held.get(name) ?? []) losses.add(gap);
      for (const gap of gaps) if (gap.kind === 'lost') losses.add(gap);
      if (losses.size() > 0) held.set(name, losses.take(AT_ONCE, true));
    },
    with(batch) {
      const gaps = held.get(batch.origin);
      return gaps === undefined ? batch : { ...batch, gaps: [...gaps, ...batch.gaps] };
    },
    forget: (origin) => void held.delete(origin),
  };
}
