import type { TimeWindow } from './time.ts';
import { NANOS_PER_MILLI, nanos, parseTime, type EpochNanos } from './time.ts';

/**
 * A time range as URLs and flags write it: `now-15m..now`, `2026-05-03T10:00:00Z..now`, or `15m` for short.
 * Both ends are instants or relative to now; relative ones are resolved again at each use.
 */
export type TimeRange = { readonly from: TimePoint; readonly to: TimePoint };

type TimePoint =
  | { readonly kind: 'instant'; readonly at: EpochNanos }
  | { readonly kind: 'ago'; readonly millis: number };

const UNIT_MILLIS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `90s`, `15m`, `2h`, `7d`, `2w` in milliseconds; `undefined` when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,6})([smhdw])$/.exec(text);
  const unit = UNIT_MILLIS[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

function parsePoint(text: string): TimePoint | undefined {
  if (text === 'now') return { kind: 'ago', millis: 0 };
  if (text.startsWith('now-')) {
    const millis = parseDuration(text.slice(4));
    return millis === undefined ? undefined : { kind: 'ago', millis };
  }
  const at = parseTime(text);
  return at === undefined ? undefined : { kind: 'instant', at };
}

/** `undefined` when the text is no time range. */
export function parseTimeRange(text: string): TimeRange | undefined {
  const millis = parseDuration(text);
  if (millis !== undefined) {
    return { from: { kind: 'ago', millis }, to: { kind: 'ago', millis: 0 } };
  }
  const dots = text.indexOf('..');
  if (dots < 0) return undefined;
  const from = parsePoint(text.slice(0, dots));
  const to = parsePoint(text.slice(dots + 2));
  return from === undefined || to === undefined ? undefined : { from, to };
}

/** True when the range moves with the clock and ends at now: what a live view shows. */
export function isLive(range: TimeRange): boolean {
  return range.to.kind === 'ago' && range.to.millis === 0;
}

/** No flow is older than the clock that observed it. */
const EARLIEST = 0n;

function resolve(point: TimePoint, now: EpochNanos): EpochNanos {
  if (point.kind === 'instant') return point.at;
  const at = now - BigInt(point.millis) * NANOS_PER_MILLI;
  return nanos(at < EARLIEST ? EARLIEST : at);
}

/** The window that the range means at `now`; `undefined` when it would end before it begins. */
export function resolveRange(range: TimeRange, now: EpochNanos): TimeWindow | undefined {
  const from = resolve(range.from, now);
  const to = resolve(range.to, now);
  return from > to ? undefined : { from, to };
}
