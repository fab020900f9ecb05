import type { ManifestPath } from '../../core/manifest.ts';
import type { Clause, Option, Predicate } from '../form.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { itemsAt, type Place } from './manifest-fields.ts';

/** One clause of a list of which one entry must hold. An absent or empty list restricts nothing and makes none. */
export function clauseOf(
  kind: Clause['kind'],
  list: Place,
  read: (item: Place) => readonly Option[],
): readonly Clause[] {
  const items = itemsAt(list);
  return items.length === 0 ? [] : [{ kind, path: list.path, options: items.flatMap(read) }];
}

export const oneClause = (kind: Clause['kind'], predicate: Predicate): Clause => ({
  kind,
  path: predicate.path,
  options: [{ path: predicate.path, predicates: [predicate] }],
});

/** Clauses for fields that we do not know: whether they hold is open. */
export const openClauses = (paths: readonly ManifestPath[]): readonly Clause[] =>
  paths.map((path) => oneClause('condition', notUnderstood(path)));
