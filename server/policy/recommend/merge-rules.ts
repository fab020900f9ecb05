import type { WrittenRule } from './draft.ts';

type Reasoned<T> = WrittenRule & { readonly for: readonly T[] };

/** Lists of a rule that mean "one of these", whichever dialect has them. */
const PORTS = new Set(['ports', 'toPorts', 'icmps']);
const PEERS = new Set([
  ...['from', 'to'],
  ...['fromEndpoints', 'toEndpoints', 'fromEntities', 'toEntities'],
  ...['fromCIDR', 'toCIDR', 'toFQDNs'],
]);

/**
 * Fewer rules that admit the same: those of the same peers become one with all their ports, and then those of the same
 * ports become one with all their peers. Nothing is admitted that none of them did.
 */
export function mergeRules<T>(rules: readonly Reasoned<T>[]): readonly Reasoned<T>[] {
  const byPeers = joined(rules, PORTS);
  return joined(byPeers, PEERS).toSorted((one, other) =>
    JSON.stringify(one.rule) < JSON.stringify(other.rule) ? -1 : 1,
  );
}

/** Rules that differ in the lists of some fields only, and have the same of these fields. */
function joined<T>(
  rules: readonly Reasoned<T>[],
  fields: ReadonlySet<string>,
): readonly Reasoned<T>[] {
  const groups = Map.groupBy(rules, ({ rule }) => {
    const entries = Object.entries(rule);
    return JSON.stringify([
      entries.filter(([name]) => !fields.has(name)),
      entries.filter(([name]) => fields.has(name)).map(([name]) => name),
    ]);
  });
  return [...groups.values()].map((same) => ({
    rule: same.map(({ rule }) => rule).reduce((one, other) => union(one, other, fields)),
    for: [...new Set(same.flatMap((each) => each.for))],
  }));
}

function union(
  one: WrittenRule['rule'],
  other: WrittenRule['rule'],
  fields: ReadonlySet<string>,
): WrittenRule['rule'] {
  return Object.fromEntries(
    Object.entries(one).map(([name, value]) => {
      const more = other[name];
      if (!fields.has(name) || !Array.isArray(value) || !Array.isArray(more)) return [name, value];
      return [name, distinct([...(value as unknown[]), ...(more as unknown[])])];
    }),
  );
}

const distinct = (items: readonly unknown[]): readonly unknown[] =>
  [...new Map(items.map((item) => [JSON.stringify(item), item]))]
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
    .map(([, item]) => item);
