import { AppError } from '../core/errors.ts';
import type { TimeWindow } from '../core/time.ts';
import { parseDuration } from '../core/time-range.ts';
import type { Clock } from '../lib/clock.ts';
import type { FlowReader } from '../store/flow-store.ts';
import { readRange } from './read-request.ts';
import { wholeSpan } from './whole-span.ts';

/** A time that may be open at either end. */
export type Span = Partial<TimeWindow>;

/**
 * Reads `--since` and `--until`: each a duration back from now (`15m`), a moment (`2026-05-03T10:00:00Z`, `now-2h`) or
 * for `since` a whole range (`now-2h..now-1h`) or `all`. Without both, `fallback` is `since`; without `since` alone,
 * everything before `until`. Throws an AppError `bad-time`.
 */
export function readSpan(
  { since, until }: { readonly since: string | undefined; readonly until: string | undefined },
  { fallback, clock }: { readonly fallback: string; readonly clock: Clock },
): Span {
  if (until === undefined) {
    const text = since ?? fallback;
    return (
      readRange(text === 'all' || isRange(text) ? text : `${momentOf(text)}..now`, clock) ?? {}
    );
  }
  if (since !== undefined && isRange(since)) {
    throw new AppError('bad-time', `'${since}' has an end already; leave --until '${until}' out`);
  }
  const open = since === undefined || since === 'all';
  const window = readRange(`${open ? BEGINNING : momentOf(since)}..${momentOf(until)}`, clock);
  return window === undefined || !open ? (window ?? {}) : { to: window.to };
}

const BEGINNING = '1970-01-01T00:00:00Z';

const isRange = (text: string): boolean => text.includes('..');

/** A duration is so long ago. */
const momentOf = (text: string): string =>
  parseDuration(text) === undefined ? text : `now-${text}`;

/** The span with its open ends where what is stored ends. */
export async function closeSpan(reader: FlowReader, { from, to }: Span): Promise<TimeWindow> {
  if (from !== undefined && to !== undefined) return { from, to };
  const whole = await wholeSpan(reader);
  const end = to ?? whole.to;
  const begin = from ?? whole.from;
  return { from: begin < end ? begin : end, to: end };
}
