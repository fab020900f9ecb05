import type { ManifestPath } from '../../core/manifest.ts';
import type { MissingFact, Predicate } from '../form.ts';

/** Stands for what no record and no snapshot tells. */
export const alwaysOpen = (
  path: ManifestPath,
  expected: string,
  missing: MissingFact,
): Predicate => ({
  path,
  about: 'other',
  test: () => 'unknown',
  report: () => ({ truth: 'unknown', expected, actual: 'not known', missing }),
});
