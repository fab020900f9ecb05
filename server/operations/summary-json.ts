import { formatTime } from '../core/time.ts';
import type { SummaryRow } from '../store/flow-store.ts';

/** A row of a summary as the API and `--output json` write it. */
export function summaryRowToJson({ keys, firstAt, lastAt, ...counts }: SummaryRow) {
  return {
    keys: keys ?? null,
    ...counts,
    firstAt: firstAt === undefined ? null : formatTime(firstAt),
    lastAt: lastAt === undefined ? null : formatTime(lastAt),
  };
}
