import type { Rhythm } from '../../core/edge.ts';

const HOURS_A_DAY = 24;
const DAYS_A_WEEK = 7;
/** One stretch of so many hours is no habit. */
const ONE_STRETCH = 6;
const MOST_HOURS = 0.75;
const MOST_DAYS = 0.8;

/**
 * How often something happens, by the hours of a window in which it was seen: numbers that rise by one an hour, in
 * order. What was seen through most hours between its first and last is continuous, whatever the window; where the
 * window is too short to tell a habit it is `once` or `irregular`.
 */
export function rhythmOf(hours: readonly number[]): Rhythm {
  const [first] = hours;
  const last = hours.at(-1);
  if (first === undefined || last === undefined) return 'irregular';
  const span = last - first + 1;
  if (span <= ONE_STRETCH) return 'once';
  if (hours.length >= span * MOST_HOURS) return 'continuous';
  // A run that begins a little earlier than the first one did is on its day all the same.
  const days = [...new Set(hours.map((hour) => Math.round((hour - first) / HOURS_A_DAY)))];
  const lastDay = days.at(-1) ?? 0;
  if (days.length >= 3 && days.length >= (lastDay + 1) * MOST_DAYS) return 'daily';
  return isWeekly(days) ? 'weekly' : 'irregular';
}

/** The first days of its runs lie whole weeks apart; a run may begin before midnight and end after it. */
function isWeekly(days: readonly number[]): boolean {
  const begins = days.filter((day, at) => day - (days[at - 1] ?? -2) > 1);
  const apart = begins.slice(1).map((day, at) => day - (begins[at] ?? 0));
  return apart.length > 0 && apart.every((gap) => gap % DAYS_A_WEEK === 0);
}
