import { formatTime, parseTime } from '../../core/time.ts';
import { parseTimeRange, type TimeRange } from '../../core/time-range.ts';
import type { Span } from '../failure.ts';
import type { TimeFlag } from './read-flags.ts';
import { CommandFailure } from './read-flags.ts';

type Note = Span & { readonly flag: string; readonly message: string };

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
};

/** Seconds of `90s`, `1h30m` or `1.5h`. */
function readDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d*)?(?:h|ms|us|µs|ns|m|s))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count = '', unit = ''] of text.matchAll(/([\d.]+)([a-zµ]+)/g)) {
    seconds += Number(count) * (UNIT_SECONDS[unit] ?? 0);
  }
  return seconds;
}

/** A duration that `core/time-range.ts` reads, in its largest unit. */
function writeDuration(seconds: number): string {
  for (const [unit, size] of [
    ['h', 3600],
    ['m', 60],
  ] as const) {
    if (seconds !== 0 && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

/** Dates and times to the hour or the minute, as the command takes them, and RFC 1123. */
function readInstant(text: string): string | undefined {
  const short = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2}))?([Zz]|[+-]\d{2}:\d{2}))?$/.exec(text);
  if (short !== null) {
    const [, date = '', hour = '00', minute = '00', zone = 'Z'] = short;
    return readInstant(`${date}T${hour}:${minute}:00${zone}`);
  }
  const isRfc1123 = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} [+-]\d{4}$/.test(text);
  const millis = isRfc1123 ? Date.parse(text) : NaN;
  const time = parseTime(Number.isNaN(millis) ? text : new Date(millis).toISOString());
  return time === undefined ? undefined : formatTime(time).replace(/\.?0+Z$/, 'Z');
}

type Point = { readonly text: string; readonly duration?: string };

function readPoint({ name, text, from, to }: TimeFlag): Point {
  const seconds = readDuration(text);
  // Our shortest unit is the second; a longer time holds a shorter one.
  const whole = seconds === undefined ? undefined : Math.ceil(seconds);
  if (whole !== undefined && whole <= 999_999 * 3600) {
    const duration = writeDuration(whole);
    return { text: `now-${duration}`, duration };
  }
  const instant = readInstant(text);
  if (instant !== undefined) return { text: instant };
  throw new CommandFailure(
    `--${name} takes a duration (5m, 1h30m) or a time (2026-05-03T10:00:00Z); "${text}" is neither.`,
    { from, to },
  );
}

/** The range of `t=` that the flags ask for; `undefined` when they ask for none. Throws `CommandFailure`. */
export function readTimes(times: readonly TimeFlag[]): { t: string | undefined; notes: Note[] } {
  const last = (name: string): TimeFlag | undefined => times.findLast((flag) => flag.name === name);
  const notes: Note[] = [];
  const note = ({ name, from, to }: TimeFlag, message: string): void => {
    notes.push({ flag: name, message, from, to });
  };
  const follow = last('follow');
  const until = last('until');
  const since = last('since');
  for (const name of ['last', 'first'] as const) {
    const flag = last(name);
    if (flag === undefined) continue;
    if (!/^\d+$/.test(flag.text)) {
      throw new CommandFailure(`--${name} takes a number.`, flag);
    }
    note(flag, 'a count is no part of a query or of a time; dropwise flows has --last');
  }
  if (until !== undefined && follow !== undefined) {
    note(until, 'the command ignores it beside --follow');
  }
  const start = since === undefined ? undefined : readPoint(since);
  const end = until === undefined || follow !== undefined ? undefined : readPoint(until);
  if (end !== undefined) {
    return { t: `${start?.text ?? '1970-01-01T00:00:00Z'}..${end.text}`, notes };
  }
  if (start !== undefined) return { t: start.duration ?? `${start.text}..now`, notes };
  if (follow !== undefined)
    note(follow, 'a range that ends at now, such as 15m, follows by itself');
  return { t: last('all') === undefined ? undefined : 'all', notes };
}

type TimePoint = TimeRange['from'];

const writePoint = (point: TimePoint): string =>
  point.kind === 'instant' ? formatTime(point.at) : writeDuration(point.millis / 1000);

/** Flags for a range of ours; `undefined` where the text is none. */
export function writeTimes(t: string, follow: boolean): readonly string[] | undefined {
  if (t === 'all') return follow ? ['--all', '--follow'] : ['--all'];
  const range = parseTimeRange(t);
  if (range === undefined) return undefined;
  const isNow = range.to.kind === 'ago' && range.to.millis === 0;
  const since = ['--since', writePoint(range.from)];
  if (!isNow) return [...since, '--until', writePoint(range.to)];
  return follow ? [...since, '--follow'] : since;
}
