import type { ManifestPath } from '../../core/manifest.ts';
import type { Predicate } from '../form.ts';

/** Stands for what can match nothing, and says why. */
export const neverHolds = (path: ManifestPath, expected: string, actual: string): Predicate => ({
  path,
  about: 'other',
  test: () => 'no',
  report: () => ({ truth: 'no', expected, actual }),
});
