import type { Span } from '../failure.ts';
import type { Flag, FlagEnd } from './flags.ts';
import { textOf, filterText, type FilterValue, type FlowFilter } from './flow-filter.ts';

/** Filters that came of the same flags: one, or two that ask the same of either end. */
export type FilterGroup = {
  readonly filters: readonly FlowFilter[];
  /** Where each field was asked for, by its name. */
  readonly askedAt: ReadonlyMap<string, readonly Span[]>;
};

/**
 * Gathers the flags of one list as the command does: flags of either end fill one field in each of two filters, all
 * others fill both, and the two are one where they turn out equal.
 */
type Tracker = {
  add(flag: Flag, value: FilterValue, at: Span): void;
  /** `undefined` when no flag was added. */
  finish(): FilterGroup | undefined;
};

type Filling = Map<string, FilterValue[]>;
type End = Exclude<FlagEnd, 'either'>;

function push<V>(lists: Map<string, V[]>, name: string, value: V): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [value]);
  else list.push(value);
}

export function createTracker(): Tracker {
  const left: Filling = new Map();
  const right: Filling = new Map();
  const namespaces: Record<FlagEnd, string[]> = { source: [], destination: [], either: [] };
  const askedAt = new Map<string, Span[]>();

  const fill = (end: FlagEnd | undefined, field: string, value: FilterValue, at: Span): void => {
    const [first, second] =
      end === undefined
        ? [field, field]
        : end === 'either'
          ? [`source_${field}`, `destination_${field}`]
          : [`${end}_${field}`, `${end}_${field}`];
    push(left, first, value);
    push(right, second, value);
    for (const name of new Set([first, second])) push(askedAt, name, at);
  };

  return {
    add({ effect }, value, at) {
      if (effect.kind === 'end') fill(effect.end, effect.field, value, at);
      else if (effect.kind === 'flow') fill(undefined, effect.field, value, at);
      else if (effect.kind === 'namespace') {
        namespaces[effect.end].push(effect.all ? '' : textOf(value));
        const ends = effect.end === 'either' ? ['source', 'destination'] : [effect.end];
        for (const end of ends) push(askedAt, `${end}_pod`, at);
      }
    },
    finish() {
      if (askedAt.size === 0) return undefined;
      const inNamespaces = (filling: Filling, end: End, of: FlagEnd): void =>
        addNamespaces(filling, end, namespaces[of]);
      for (const filling of [left, right]) {
        inNamespaces(filling, 'destination', 'destination');
        inNamespaces(filling, 'source', 'source');
      }
      inNamespaces(left, 'source', 'either');
      inNamespaces(right, 'destination', 'either');
      const filters = filterText(left) === filterText(right) ? [left] : [left, right];
      return { filters, askedAt };
    },
  };
}

/** Puts namespaces before names that have none; where there is no name they stand for all pods. */
function addNamespaces(filling: Filling, end: End, namespaces: readonly string[]): void {
  if (namespaces.length === 0) return;
  const fields = [`${end}_pod`, `${end}_service`];
  if (fields.every((name) => !filling.has(name))) filling.set(`${end}_pod`, ['']);
  for (const name of fields) {
    const values = filling.get(name);
    if (values === undefined) continue;
    filling.set(
      name,
      values.flatMap((value) =>
        textOf(value).includes('/') ? [value] : namespaces.map((ns) => `${ns}/${textOf(value)}`),
      ),
    );
  }
}
