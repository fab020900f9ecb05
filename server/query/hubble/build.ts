import type { Expression, FieldTerm, Side, Value } from '../ast.ts';
import { literal } from '../word.ts';

/** A text that means itself. */
export const word = (text: string): Value => literal(text, 'value');

/** Text with `*` for any run of characters; the rest must be letters, digits, dots, dashes or slashes. */
export const glob = (text: string): Value => ({ kind: 'word', text, quoted: false });

export const regex = (source: string): Value => ({ kind: 'regex', source });

export function between(low: number, high: number): Value {
  const bound = (value: number) => ({ value, inclusive: true }) as const;
  return { kind: 'range', from: bound(low), to: bound(high) };
}

export const field = (
  side: Side | undefined,
  name: string,
  values: readonly Value[],
): FieldTerm => ({ kind: 'field', side, field: name, values });

export const allOf = (parts: readonly Expression[]): Expression => joined('and', parts);
export const anyOf = (parts: readonly Expression[]): Expression => joined('or', parts);

function joined(kind: 'and' | 'or', parts: readonly Expression[]): Expression {
  const [first] = parts;
  if (first === undefined) throw new Error(`nothing to join by ${kind}`);
  return parts.length === 1 ? first : { kind, of: parts };
}

export const negated = (of: Expression): Expression => ({ kind: 'not', of });

/** What one end is asked, asked of either end; a term without a side says so where it means the same. */
export function ofEitherEnd(ask: (side: Side | undefined) => Expression): Expression {
  const either = ask(undefined);
  return meansEitherEnd(either) ? either : anyOf([ask('from'), ask('to')]);
}

/** A negation without a side means neither end, and two terms may be true of different ends. */
function meansEitherEnd(where: Expression): boolean {
  switch (where.kind) {
    case 'field':
      return true;
    case 'label':
      return !where.negated && !/^(?:from|to)\./.test(where.key);
    case 'or':
      return where.of.every(meansEitherEnd);
    case 'and':
    case 'not':
    case 'text':
      return false;
  }
}

/** What a part of a Hubble filter is in our language. */
export type Said =
  | { readonly kind: 'said'; readonly where: Expression }
  /** Another part of the same filter says it already. */
  | { readonly kind: 'implied' }
  /** Nothing of ours means the same; `nearest` is a query that comes close. */
  | { readonly kind: 'unsaid'; readonly why: string; readonly nearest?: string }
  /** Hubble itself refuses it. */
  | { readonly kind: 'refused'; readonly why: string };

export const said = (where: Expression): Said => ({ kind: 'said', where });
export const refused = (why: string): Said => ({ kind: 'refused', why });
export const unsaid = (why: string, nearest?: string): Said =>
  nearest === undefined ? { kind: 'unsaid', why } : { kind: 'unsaid', why, nearest };
