const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['tb', 1e12],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
  ['tib', 2 ** 40],
]);

/** Canonical units, greatest first; binary ones are written only where no decimal one fits. */
const WRITTEN = ['tb', 'gb', 'mb', 'kb', 'tib', 'gib', 'mib', 'kib'];

/** Reads a whole number, with a unit (`1kb`, `1.5mib`) where the field counts bytes. */
export function readNumber(text: string, unit: 'bytes' | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text);
  if (match === null) return undefined;
  const [, digits = '', suffix = ''] = match;
  const factor = suffix !== '' && unit === undefined ? undefined : UNITS.get(suffix.toLowerCase());
  if (factor === undefined) return undefined;
  const value = Number(digits) * factor;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The shortest text that `readNumber` reads as the same number. */
export function writeNumber(value: number, unit: 'bytes' | undefined): string {
  if (unit === undefined || value === 0) return String(value);
  for (const suffix of WRITTEN) {
    const count = value / (UNITS.get(suffix) ?? 1);
    if (Number.isInteger(count)) return `${count}${suffix}`;
  }
  return String(value);
}
