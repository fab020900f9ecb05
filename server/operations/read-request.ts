import { AppError } from '../core/errors.ts';
import { nanos, type TimeWindow } from '../core/time.ts';
import { parseTimeRange, resolveRange } from '../core/time-range.ts';
import type { Clock } from '../lib/clock.ts';
import type { Expression } from '../query/ast.ts';
import { parseQuery } from '../query/parse.ts';
import { printQuery } from '../query/print.ts';

export type ReadQuery = {
  readonly where: Expression | undefined;
  /** Canonical text. */
  readonly q: string;
};

/** Reads a query, or throws an AppError `bad-query` with the position of what is wrong. */
export function readQuery(text: string): ReadQuery {
  const parsed = parseQuery(text);
  if (parsed.ok) {
    return { where: parsed.where, q: parsed.where === undefined ? '' : printQuery(parsed.where) };
  }
  const { message, from, to, suggestion } = parsed.error;
  throw new AppError('bad-query', message, {
    fields: { position: { from, to }, ...(suggestion === undefined ? {} : { suggestion }) },
  });
}

/** Reads names of fields to count by, such as `from.wl,to.wl`. The store refuses those that do not exist. */
export const readFields = (text: string): readonly string[] =>
  text === '' ? [] : text.split(',').map((name) => name.trim());

/** Reads a time range such as `now-15m..now`, or throws an AppError `bad-time`. `all` answers `undefined`. */
export function readRange(text: string, clock: Clock): TimeWindow | undefined {
  if (text === 'all') return undefined;
  const range = parseTimeRange(text);
  const window = range === undefined ? undefined : resolveRange(range, nanos(clock.now()));
  if (window !== undefined) return window;
  throw new AppError(
    'bad-time',
    range === undefined
      ? `'${text}' is neither a duration (15m) nor two ends (now-1h..now, 2026-05-03T10:00:00Z..now) nor 'all'`
      : `'${text}' ends before it begins`,
  );
}
