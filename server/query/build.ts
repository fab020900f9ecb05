import type { Expression, Side, Value } from './ast.ts';
import { literal } from './word.ts';

/** Queries made of what a flow says. Text is taken as it stands: no value is ever read as a wildcard or a pattern. */

/** `side` left out: either end. */
export const term = (side: Side | undefined, field: string, text: string): Expression =>
  valueTerm(side, field, literal(text, 'value'));

export const valueTerm = (side: Side | undefined, field: string, value: Value): Expression => ({
  kind: 'field',
  side,
  field,
  values: [value],
});

export const all = (of: readonly Expression[]): Expression => join('and', of);
export const either = (of: readonly Expression[]): Expression => join('or', of);

/** In the shape that reading its text would give: no list in a list of its kind, none of one. */
function join(kind: 'and' | 'or', of: readonly Expression[]): Expression {
  const parts = of.flatMap((part) => (part.kind === kind ? part.of : [part]));
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind, of: parts };
}
