import { allOf, anyOf, not, truthOf, type Truth } from '../truth.ts';

/** Calico's selector language: `app == 'db' && !has(legacy)`. */
export type Selector =
  | { readonly kind: 'all' | 'global' }
  | { readonly kind: 'has'; readonly label: string }
  | { readonly kind: TextOperator; readonly label: string; readonly value: string }
  | { readonly kind: SetOperator; readonly label: string; readonly values: readonly string[] }
  | { readonly kind: 'not'; readonly operand: Selector }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Selector[] };

export type TextOperator = '==' | '!=' | 'contains' | 'starts with' | 'ends with';
export type SetOperator = 'in' | 'not in';

/** The one way of writing a selector, by which equal ones are equal. */
export function selectorText(selector: Selector): string {
  switch (selector.kind) {
    case 'all':
    case 'global':
      return `${selector.kind}()`;
    case 'has':
      return `has(${selector.label})`;
    case 'in':
    case 'not in':
      return `${selector.label} ${selector.kind} {${selector.values.map(quoted).join(', ')}}`;
    case 'not':
      return `!${operandText(selector.operand)}`;
    case 'and':
      return selector.operands.map(operandText).join(' && ');
    case 'or':
      return selector.operands.map(operandText).join(' || ');
    default:
      return `${selector.label} ${selector.kind} ${quoted(selector.value)}`;
  }
}

const operandText = (selector: Selector): string =>
  selector.kind === 'and' || selector.kind === 'or'
    ? `(${selectorText(selector)})`
    : selectorText(selector);

const quoted = (value: string): string => (value.includes('"') ? `'${value}'` : `"${value}"`);

/** What a selector is held against. `null`: no such label; `undefined`: not known. */
export type Selected = {
  label(key: string): string | null | undefined;
  /** What `all()` and `global()` answer: they mean more than `yes` in the selectors of namespaces only. */
  readonly all: Truth;
  readonly global: Truth;
};

export function selectorHolds(selector: Selector, selected: Selected): Truth {
  switch (selector.kind) {
    case 'all':
      return selected.all;
    case 'global':
      return selected.global;
    case 'not':
      return not(selectorHolds(selector.operand, selected));
    case 'and':
      return allOf(selector.operands, (operand) => selectorHolds(operand, selected));
    case 'or':
      return anyOf(selector.operands, (operand) => selectorHolds(operand, selected));
    default: {
      const value = selected.label(selector.label);
      return value === undefined ? 'unknown' : truthOf(labelHolds(selector, value));
    }
  }
}

type LabelTest = Exclude<Selector, { kind: 'all' | 'global' | 'not' | 'and' | 'or' }>;

/** `!=` and `not in` hold for objects without the label too. */
function labelHolds(test: LabelTest, value: string | null): boolean {
  switch (test.kind) {
    case 'has':
      return value !== null;
    case '==':
      return value === test.value;
    case '!=':
      return value !== test.value;
    case 'contains':
      return value?.includes(test.value) ?? false;
    case 'starts with':
      return value?.startsWith(test.value) ?? false;
    case 'ends with':
      return value?.endsWith(test.value) ?? false;
    case 'in':
      return value !== null && test.values.includes(value);
    case 'not in':
      return value === null || !test.values.includes(value);
  }
}

/** The labels that a selector looks at, each once. */
export function labelsIn(selector: Selector): readonly string[] {
  switch (selector.kind) {
    case 'all':
    case 'global':
      return [];
    case 'not':
      return labelsIn(selector.operand);
    case 'and':
    case 'or':
      return [...new Set(selector.operands.flatMap(labelsIn))];
    default:
      return [selector.label];
  }
}
