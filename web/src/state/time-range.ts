import {
  isLive,
  parseTimeRange,
  resolveRange,
  type TimeRange,
} from '../../../server/core/time-range.ts';
import { millisFromNanos, nanosFromMillis } from '../../../server/core/time.ts';

export const DEFAULT_RANGE = 'now-15m..now';

/** Milliseconds since 1970. */
export type Span = { readonly from: number; readonly to: number };

/** A range that can be read and does not end before it begins. */
function readRange(text: string): TimeRange | undefined {
  const range = parseTimeRange(text);
  const window = range === undefined ? undefined : resolveRange(range, nanosFromMillis(Date.now()));
  return window === undefined || window.from === window.to ? undefined : range;
}

export const isRange = (text: string): boolean => readRange(text) !== undefined;

/** True when the range ends at now and moves on, so that the stream belongs to it. */
export function isLiveRange(text: string): boolean {
  const range = readRange(text);
  return range !== undefined && isLive(range);
}

/** The range at a given now; `undefined` when the text is none. */
export function spanOf(text: string, now: number): Span | undefined {
  const range = readRange(text);
  const window = range === undefined ? undefined : resolveRange(range, nanosFromMillis(now));
  return window === undefined
    ? undefined
    : { from: millisFromNanos(window.from), to: millisFromNanos(window.to) };
}

/** `2026-11-22T12:00:00.000Z..2026-11-22T13:00:00.000Z`. */
export const absoluteText = (from: number, to: number): string =>
  `${new Date(from).toISOString()}..${new Date(to).toISOString()}`;

/** Ranges that are offered, shortest first. */
export const PRESETS: readonly { readonly text: string; readonly label: string }[] = [
  { text: 'now-5m..now', label: '5m' },
  { text: 'now-15m..now', label: '15m' },
  { text: 'now-1h..now', label: '1h' },
  { text: 'now-6h..now', label: '6h' },
  { text: 'now-24h..now', label: '24h' },
  { text: 'now-7d..now', label: '7d' },
];
