const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

/** `8,412`. */
export const formatCount = (count: number): string => WHOLE.format(count);

/** Decimal text of any size, grouped. Sources count losses in uint64. */
export const formatDecimalText = (text: string): string => WHOLE.format(BigInt(text));

/** `88k`, for where the full number stands in the title. */
export const formatShort = (count: number): string =>
  count < 1000 ? WHOLE.format(count) : SHORT.format(count).toLowerCase();

/** A rate: whole numbers, and one digit below ten so that a slow stream does not read as none. */
export const formatRate = (perSecond: number): string =>
  perSecond > 0 && perSecond < 10
    ? perSecond.toFixed(1).replace(/\.0$/, '')
    : WHOLE.format(perSecond);

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function formatBytes(bytes: number): string {
  let rest = bytes;
  let unit = 0;
  while (rest >= 1024 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || rest >= 100 ? 0 : 1;
  return `${rest.toFixed(digits)} ${UNITS[unit] ?? 'B'}`;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;
