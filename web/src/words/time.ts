export type Zone = 'local' | 'utc';

const two = (value: number): string => String(value).padStart(2, '0');

/** `12:06:31.204` in the chosen zone. */
export function formatClock(iso: string, zone: Zone): string {
  if (zone === 'utc') return iso.slice(11, 23);
  const date = new Date(iso.slice(0, 23) + 'Z');
  const millis = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${millis}`;
}

/** `2026-11-22 12:06:31` in the chosen zone. */
export function formatMoment(millis: number, zone: Zone): string {
  const date = new Date(millis);
  if (zone === 'utc') return date.toISOString().slice(0, 19).replace('T', ' ');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `12:06` or `12:06:30`, for axes. */
export function formatAxis(millis: number, zone: Zone, seconds: boolean): string {
  const text = formatMoment(millis, zone);
  return text.slice(11, seconds ? 19 : 16);
}

const STEPS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

/** `4s`, `3h`, `12d`: one unit, rounded down. */
export function formatSpan(millis: number): string {
  for (const [step, unit] of STEPS)
    if (millis >= step) return `${Math.floor(millis / step)}${unit}`;
  return '0s';
}

/** Age of a recorded time, `now` being the server's clock. */
export const formatAge = (iso: string, now: number): string =>
  formatSpan(Math.max(0, now - Date.parse(iso)));

/** What one bar of a chart counts: `events per second`, `events per 15 s`, `events per 2 min`. */
export function eventsPer(stepMs: number): string {
  const [size, unit, one] =
    stepMs % 3_600_000 === 0
      ? ([3_600_000, 'h', 'hour'] as const)
      : stepMs % 60_000 === 0
        ? ([60_000, 'min', 'minute'] as const)
        : ([1_000, 's', 'second'] as const);
  const count = stepMs / size;
  return `events per ${count === 1 ? one : `${count} ${unit}`}`;
}
