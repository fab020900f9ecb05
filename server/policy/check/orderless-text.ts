import { isRecord } from '../../core/manifest.ts';

/** Equal for values that differ in the order of their fields only. */
export const orderlessText = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    isRecord(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
