import { nanos, type TimeWindow } from '../core/time.ts';
import type { FlowReader } from '../store/flow-store.ts';

/** The window that holds every stored flow; an empty one at 1970 when nothing is stored. */
export async function wholeSpan(store: FlowReader): Promise<TimeWindow> {
  const span = await store.span();
  // The end of a window does not belong to it, but the newest flow does to everything.
  return span === undefined
    ? { from: nanos(0n), to: nanos(1n) }
    : { from: span.from, to: nanos(span.to + 1n) };
}
