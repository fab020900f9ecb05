import { assess, type AnswerKind, type Completeness } from '../core/completeness.ts';
import { nanos, type EpochNanos, type TimeWindow } from '../core/time.ts';
import type { FlowReader } from '../store/flow-store.ts';

const BEGINNING = nanos(0n);

/**
 * How completely a range was recorded; that of everything kept when `within` is `undefined`. An answer that counts
 * flows carries it, since a count says nothing without.
 */
export async function completenessOf(
  reader: FlowReader,
  within: TimeWindow | undefined,
  { now, of }: { readonly now: EpochNanos; readonly of: AnswerKind },
): Promise<Completeness> {
  const [facts, { flowsSince, dropsSince }, span] = await Promise.all([
    reader.ledger(within ?? { from: BEGINNING, to: now }),
    reader.retained(),
    within === undefined ? reader.span() : undefined,
  ]);
  const since = { flows: flowsSince, drops: dropsSince, 'policy-hits': undefined }[of];
  if (within !== undefined) return assess(facts, within, { now, removedBefore: since });
  const begins = [...facts.spans, ...facts.unwatched, ...(span === undefined ? [] : [span])];
  const first = begins.reduce((least, { from }) => (from < least ? from : least), now);
  // Who asks for all that is kept does not ask for what was removed.
  const from = since !== undefined && since > first ? since : first;
  return assess(facts, { from, to: now }, { now });
}
