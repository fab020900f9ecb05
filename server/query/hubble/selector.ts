import type { Expression, LabelTerm, Side, Value } from '../ast.ts';
import { printQuery } from '../print.ts';
import { allOf, field, refused, said, unsaid, word, type Said } from './build.ts';

/** One requirement of a label selector. */
type Requirement = {
  /** `k8s`, `reserved`, …; empty: from wherever. */
  readonly origin: string;
  readonly key: string;
  readonly operator: 'exists' | 'absent' | 'in' | 'notin' | 'compare';
  readonly values: readonly string[];
};

const KEY = '(?:([a-z0-9-]+):)?((?:[a-z0-9.-]+/)?[A-Za-z0-9](?:[\\w.-]*[A-Za-z0-9])?)';
const VALUE = '([\\w.-]*)';
const FORMS: readonly (readonly [RegExp, Requirement['operator']])[] = [
  [new RegExp(`^${KEY}$`), 'exists'],
  [new RegExp(`^!\\s*${KEY}$`), 'absent'],
  [new RegExp(`^${KEY}\\s*==?\\s*${VALUE}$`), 'in'],
  [new RegExp(`^${KEY}\\s*!=\\s*${VALUE}$`), 'notin'],
  [new RegExp(`^${KEY}\\s+in\\s*\\(([^()]*)\\)$`), 'in'],
  [new RegExp(`^${KEY}\\s+notin\\s*\\(([^()]*)\\)$`), 'notin'],
  [new RegExp(`^${KEY}\\s*[<>]\\s*\\d+$`), 'compare'],
];

function readRequirement(text: string): Requirement | undefined {
  for (const [form, operator] of FORMS) {
    const match = form.exec(text);
    if (match === null) continue;
    const [, origin = '', key = '', list] = match;
    const values = (list ?? '').split(',').map((value) => value.trim());
    return { origin: origin === 'any' ? '' : origin, key, operator, values };
  }
  return undefined;
}

const WORLDS = new Set(['world', 'world-ipv4', 'world-ipv6']);

/** A label selector, asked of one end. */
export function saySelector(text: string, side: Side | undefined): Said {
  const parts: Expression[] = [];
  for (const piece of text.split(/,(?![^(]*\))/)) {
    const requirement = readRequirement(piece.trim());
    if (requirement === undefined) return refused(`"${piece.trim()}" is no label selector`);
    const one = sayRequirement(requirement, side);
    if (one.kind !== 'said') return one;
    parts.push(one.where);
  }
  return said(allOf(parts));
}

function sayRequirement(requirement: Requirement, side: Side | undefined): Said {
  const { origin, key, operator, values } = requirement;
  if (operator === 'compare') return unsaid('labels are not compared as numbers here');
  const label = (isNegated: boolean, list: readonly Value[]): LabelTerm => ({
    kind: 'label',
    side,
    key,
    negated: isNegated,
    values: list,
  });
  const term =
    operator === 'exists'
      ? label(false, [{ kind: 'any' }])
      : operator === 'absent'
        ? label(false, [{ kind: 'none' }])
        : label(operator === 'notin', values.map(word));
  if (origin === '') return said(term);
  if (origin === 'reserved' && WORLDS.has(key) && operator === 'exists') {
    // Ends outside the cluster have no labels of Kubernetes, so that the key is the reserved one.
    return said(allOf([field(side, 'is', [word('external')]), term]));
  }
  const why = `a label is found here wherever it comes from, not only from "${origin}:"`;
  const at = side === undefined ? '' : `${side}.`;
  if (origin !== 'reserved') return unsaid(why, printQuery(term));
  return unsaid(why, /^(?:host|remote-node)$/.test(key) ? `${at}is:host` : undefined);
}
