import { pathText, type ManifestPath } from '../../core/manifest.ts';
import type { Predicate } from '../form.ts';
import { alwaysOpen } from './open.ts';

/** Stands for a field that we do not know: what it would say is open. */
export const notUnderstood = (path: ManifestPath): Predicate =>
  alwaysOpen(path, pathText(path), {
    kind: 'unknown-field',
    text: `what ${pathText(path)} means`,
  });
