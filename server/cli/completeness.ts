import type { AnswerKind } from '../core/completeness.ts';
import { missingWords } from '../core/completeness-words.ts';
import { nanos, type TimeWindow } from '../core/time.ts';
import { systemClock } from '../lib/clock.ts';
import { completenessOf } from '../operations/completeness.ts';
import type { FlowReader } from '../store/flow-store.ts';

/**
 * Says on standard error, in one line, that what was printed is less than what happened; nothing when that is not
 * known. All when `within` is `undefined`.
 */
export async function printLowerBound(
  store: FlowReader,
  within: TimeWindow | undefined,
  of: AnswerKind,
): Promise<void> {
  const completeness = await completenessOf(store, within, {
    now: nanos(systemClock().now()),
    of,
  });
  if (completeness.verdict !== 'lower-bound') return;
  process.stderr.write(
    `dropwise: a lower bound: ${missingWords(completeness)} (see 'dropwise sources')\n`,
  );
}
