import type { SyntaxNode } from '@lezer/common';
import type { Field } from '../core/field.ts';
import { FIELDS, findField } from '../core/fields.ts';
import type { Side } from './ast.ts';
import { parser } from './grammar/query.generated.js';
import { QUERY_LIMITS } from './limits.ts';

export type Completions = {
  /** Half-open span that a chosen label replaces. */
  readonly from: number;
  readonly to: number;
  /** `value`: values of `field` that start with `typed` may be added to the options. `label`: of that label. */
  readonly kind: 'field' | 'value' | 'label' | 'operator';
  /** What stands in the span now. */
  readonly typed: string;
  readonly side?: Side;
  /** Canonical name; with `value` only. */
  readonly field?: string;
  /** Key; with `label` only. */
  readonly key?: string;
  readonly options: readonly Option[];
};

export type Option = { readonly label: string; readonly detail?: string };

const OPERATORS: readonly Option[] = [
  { label: 'OR', detail: 'either side' },
  { label: 'NOT', detail: 'excludes what follows' },
  { label: 'AND', detail: 'both; a space means the same' },
];

const SIDES: readonly Option[] = [
  { label: 'from.', detail: 'the sender: from.ns:shop, from.app=web' },
  { label: 'to.', detail: 'the receiver: to.ns:shop, to.app=web' },
];

const PRESENCE: readonly Option[] = [
  { label: 'none', detail: 'has no value' },
  { label: '*', detail: 'has some value' },
];

/** What may stand at the cursor. Values seen in flows are not known here: `field` says whose to look up. */
export function completions(text: string, cursor: number): Completions | undefined {
  const before = text.slice(0, cursor);
  if (before.length > QUERY_LIMITS.characters) return undefined;
  const top = parser.parse(before).topNode;
  if (hasOpenQuote(top, before)) return undefined;
  const leaf = lastLeaf(top);
  if (leaf === undefined || leaf.to < before.length) return afterGap(before, leaf);
  const typed = before.slice(leaf.from, leaf.to);
  switch (leaf.name) {
    case 'TextWord':
      return words(typed, leaf.from);
    case 'And':
    case 'Or':
    case 'Not':
      return named('operator', typed, leaf.from, OPERATORS);
    case 'FieldHead':
    case 'LabelHead':
    case 'Comma':
      return values(leaf, before, '', leaf.to);
    case 'Open':
    case 'Minus':
      return named('field', '', leaf.to, [...SIDES, ...fieldOptions(undefined)]);
    case 'Close':
    case 'Regex':
      return undefined;
    default:
      return values(leaf, before, typed, leaf.from);
  }
}

/** No token begins with a quote that is never closed, so that the parser stumbles over it. */
function hasOpenQuote(top: SyntaxNode, before: string): boolean {
  const cursor = top.cursor();
  do {
    if (cursor.type.isError && before.slice(cursor.from, cursor.to + 1).includes('"')) return true;
  } while (cursor.next());
  return false;
}

/** The last token, without the places that errors leave behind. */
function lastLeaf(top: SyntaxNode): SyntaxNode | undefined {
  let last: SyntaxNode | undefined;
  const cursor = top.cursor();
  while (cursor.next()) {
    const { from, to, type, node } = cursor;
    if (!type.isError && to > from && node.firstChild === null) last = node;
  }
  return last;
}

function afterGap(before: string, leaf: SyntaxNode | undefined): Completions | undefined {
  // Something unreadable stands there, such as an open quote.
  if (before.slice(leaf?.to ?? 0).trim() !== '') return undefined;
  const endsTerm = leaf !== undefined && !['Open', 'And', 'Or', 'Not', 'Minus'].includes(leaf.name);
  const options = [...fieldOptions(undefined), ...SIDES, ...(endsTerm ? OPERATORS : [])];
  return named('field', '', before.length, options);
}

function words(typed: string, from: number): Completions {
  const match = /^(from|to)\.(.*)$/.exec(typed);
  const side = match?.[1];
  if (side === 'from' || side === 'to') return named('field', typed, from, fieldOptions(side));
  const isOperator = OPERATORS.some(({ label }) => label.startsWith(typed));
  if (isOperator) return named('operator', typed, from, OPERATORS);
  return named('field', typed, from, [...fieldOptions(undefined), ...SIDES]);
}

function fieldOptions(side: Side | undefined): readonly Option[] {
  return FIELDS.filter(({ columns }) => side === undefined || typeof columns !== 'string').map(
    ({ name, about }) => ({
      label: side === undefined ? `${name}:` : `${side}.${name}:`,
      detail: about,
    }),
  );
}

function values(
  leaf: SyntaxNode,
  before: string,
  typed: string,
  from: number,
): Completions | undefined {
  const term = leaf.parent;
  const head = term?.getChild('FieldHead') ?? term?.getChild('LabelHead');
  // White space inside a term is an error: what follows it belongs to no head.
  if (head == null || /\s/.test(before.slice(head.to, from))) return undefined;
  const name = before.slice(head.from, head.to).replace(/(?::|!?=)$/, '');
  const [, side, rest = name] = /^(from|to)\.(.+)$/.exec(name) ?? [];
  const sided: { readonly side?: Side } = side === 'from' || side === 'to' ? { side } : {};
  if (head.name === 'LabelHead') {
    return { ...named('label', typed, from, PRESENCE), ...sided, key: rest };
  }
  const field = findField(rest);
  if (field === undefined) return undefined;
  const options = valueOptions(field, sided.side);
  return { ...named('value', typed, from, options), ...sided, field: field.name };
}

function valueOptions(field: Field, side: Side | undefined): readonly Option[] {
  if (field.choices === undefined) return PRESENCE;
  return Object.entries(field.choices)
    .filter(([choice]) => side === undefined || !isOfFlow(field, choice))
    .map(([choice, others]) =>
      others.length === 0
        ? { label: choice }
        : { label: choice, detail: `or ${others.join(', ')}` },
    );
}

function named(
  kind: Completions['kind'],
  typed: string,
  from: number,
  options: readonly Option[],
): Completions {
  const wanted = typed.toLowerCase();
  return {
    from,
    to: from + typed.length,
    kind,
    typed,
    options: options.filter(({ label }) => label.toLowerCase().startsWith(wanted)),
  };
}

const isOfFlow = (field: Field, choice: string): boolean =>
  field.ofFlow?.some((trait) => trait.choice === choice) === true;
