import type { Expression, FieldTerm, LabelTerm, Side } from '../ast.ts';
import { askEnd, askLabel, endOf, EXTERNAL_SELECTORS, literalOf } from './ask-end.ts';
import { askFlow, VERDICT_WORDS } from './ask-flow.ts';
import { word } from './build.ts';
import { textOf, type FilterLists, type FilterValue, type FlowFilter } from './flow-filter.ts';
import { own } from './names.ts';
import { product, Unsayable, type Fragment } from './fragment.ts';

/** Filters that select exactly what the query finds; throws `Unsayable`. */
export function filtersOf(where: Expression): FilterLists {
  const parts = where.kind === 'and' ? where.of : [where];
  let shown: readonly Fragment[] = [new Map()];
  const hidden: Fragment[] = [];
  for (const part of parts) {
    const { term, isHidden } = exclusionOf(part);
    if (isHidden) hidden.push(...alternatives(term));
    else shown = product(shown, alternatives(term), term);
  }
  if (shown.length === 0) throw new Unsayable(where, 'no flow of Hubble can be all of this');
  const whitelist = shown.some((fragment) => fragment.size === 0) ? [] : shown.map(finish);
  return { whitelist, blacklist: hidden.map(finish) };
}

/** What stands at the top is shown, or hidden where it is negated. */
function exclusionOf(part: Expression): { term: Expression; isHidden: boolean } {
  const isNot = part.kind === 'not';
  const term = isNot ? part.of : part;
  const others = term.kind === 'field' && term.field === 'verdict' ? otherVerdicts(term) : [];
  // All verdicts but the known ones are `unknown`, and what excludes that asks for the known ones.
  if (term.kind === 'field' && others.length > 0) {
    return { term: { ...term, values: others.map(word) }, isHidden: !isNot };
  }
  return { term, isHidden: isNot };
}

function otherVerdicts(term: FieldTerm): readonly string[] {
  const asked = new Set(term.values.map(literalOf));
  return asked.has('unknown') ? Object.keys(VERDICT_WORDS).filter((name) => !asked.has(name)) : [];
}

function alternatives(term: Expression): readonly Fragment[] {
  switch (term.kind) {
    case 'and':
      return term.of
        .map(alternatives)
        .reduce<readonly Fragment[]>((left, right) => product(left, right, term), [new Map()]);
    case 'or':
      return term.of.flatMap(alternatives);
    case 'not':
      throw new Unsayable(
        term,
        'Hubble excludes only from the whole, not inside of OR or of another exclusion',
      );
    case 'field':
      return askField(term);
    case 'label':
      return askLabels(term);
    case 'text':
      throw new Unsayable(
        term,
        'Hubble has no search over all names; ask a field, such as ns:shop',
      );
  }
}

const sidesOf = (side: Side | undefined): readonly Side[] =>
  side === undefined ? ['from', 'to'] : [side];

const asking = (term: Expression, name: string, values: readonly FilterValue[]): Fragment =>
  new Map([[name, { values, term }]]);

function askField(term: FieldTerm): readonly Fragment[] {
  if (term.field === 'is') return askTraits(term);
  const answer = askEnd(term);
  if (answer === undefined) return askFlow(term);
  const [field, values] = answer;
  return sidesOf(term.side).map((side) => asking(term, `${endOf(side)}_${field}`, values));
}

const NO_TRAITS: Readonly<Record<string, string>> = {
  host: 'is:host joins reserved labels in a way that no selector holds',
  reply: 'is:reply also takes the word of the older field reply',
};

function askTraits(term: FieldTerm): readonly Fragment[] {
  const strange = term.values.map(literalOf).find((name) => name !== 'external');
  if (strange !== undefined) {
    throw new Unsayable(term, own(NO_TRAITS, strange) ?? `Hubble has no filter for is:${strange}`);
  }
  return sidesOf(term.side).map((side) => asking(term, `${endOf(side)}_label`, EXTERNAL_SELECTORS));
}

/** Without a side `!=` is said of both ends. */
function askLabels(term: LabelTerm): readonly Fragment[] {
  const selectors = askLabel(term);
  const each = sidesOf(term.side).map((side) => asking(term, `${endOf(side)}_label`, selectors));
  return term.negated ? [new Map(each.flatMap((fragment) => [...fragment]))] : each;
}

/** Namespaces and names of pods become one field, and what only a combination can say is checked. */
function finish(fragment: Fragment): FlowFilter {
  const filter = new Map<string, readonly FilterValue[]>();
  for (const [name, { values }] of fragment) {
    if (!/_(?:ns|name)$/.test(name) || name === 'node_name') filter.set(name, values);
  }
  for (const end of ['source', 'destination']) {
    const namespaces = fragment.get(`${end}_ns`)?.values ?? [''];
    const names = fragment.get(`${end}_name`)?.values ?? [''];
    const pods = namespaces.flatMap((ns) => names.map((name) => `${textOf(ns)}/${textOf(name)}`));
    if (pods.join('') !== '/') filter.set(`${end}_pod`, pods);
  }
  const url = fragment.get('http_url');
  if (url !== undefined && !filter.has('http_method') && !filter.has('http_status_code')) {
    throw new Unsayable(
      url.term,
      'l7.path: also finds DNS names; beside l7.method: or l7.status: of HTTP it can be said',
    );
  }
  const types = filter.get('event_type') ?? [];
  const isL7 = types.length === 0 || types.some((type) => JSON.stringify(type) === '{"type":129}');
  const http = [...fragment].find(([name]) => name.startsWith('http_'));
  if (!isL7 && http !== undefined) {
    throw new Unsayable(http[1].term, 'Hubble refuses it beside events that are not of L7');
  }
  return filter;
}
