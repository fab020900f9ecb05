import type { Comparable, Field, FlowColumn, Projection } from '../core/field.ts';
import { findField } from '../core/fields.ts';
import type { Endpoint, Flow } from '../core/flow.ts';
import type { Expression, FieldTerm } from './ast.ts';
import { labelTest, labelValues, labelWords } from './label.ts';
import { textTests } from './text-search.ts';
import { exactWords, foldValue, valueTest } from './value-test.ts';

/**
 * What a query means: a tree over tests of single columns. A test is pure, so an evaluator may run it once
 * for each distinct value of its column. A negation is the exact complement of what it negates.
 */
export type Condition =
  | { readonly kind: 'all' }
  | ColumnTest
  | { readonly kind: 'and'; readonly of: readonly Condition[] }
  | { readonly kind: 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition };

export type ColumnTest = {
  readonly kind: 'test';
  readonly column: FlowColumn;
  /** Takes `flow[column]`, and no other column's value. */
  readonly test: (value: Flow[FlowColumn]) => boolean;
  /** Answers alike for all pods of a workload. */
  readonly ofWorkload?: true;
  /** There where the test asks for this and no more: one of some words is among what the value says. */
  readonly oneOf?: OneOf;
};

export type OneOf = {
  /** `ns`, or `app=` for a label; what a value of the column says under an equal name is equal. */
  readonly name: string;
  readonly says: (value: Flow[FlowColumn]) => readonly string[];
  readonly words: readonly string[];
};

const ALL: Condition = { kind: 'all' };

/** Gives a query its meaning. Takes what `parseQuery` gives; other trees may throw. */
export function compileQuery(where: Expression | undefined): Condition {
  if (where === undefined) return ALL;
  switch (where.kind) {
    case 'and':
    case 'or':
      return { kind: where.kind, of: where.of.map(compileQuery) };
    case 'not':
      return not(compileQuery(where.of));
    case 'field':
      return compileField(where);
    case 'label': {
      const { key, values, side } = where;
      const test = labelTest(key, values);
      const oneOf = asOneOf(`${key}=`, labelWords(values), (end: Endpoint) =>
        labelValues(end, key),
      );
      const found = anyOf(
        sidesOf({ from: 'source', to: 'destination' }, side).map((column) => ({
          ...columnTest(column, test),
          ...oneOf,
        })),
      );
      return where.negated ? not(found) : found;
    }
    case 'text':
      return anyOf(textTests(where.value).map(({ column, test }) => columnTest(column, test)));
  }
}

function compileField({ field: name, side, values }: FieldTerm): Condition {
  const field = findField(name);
  if (field === undefined) throw new Error(`no field ${name}`);
  const test = valueTest(values, field);
  const oneOf = asOneOf(name, exactWords(values, field), (value) =>
    field.project(value).map((said) => foldValue(said, field)),
  );
  const tests = sidesOf(field.columns, side).map((column) => ({
    ...columnTest(column, projected(field.project, test)),
    ...(field.ofWorkload === undefined ? {} : { ofWorkload: field.ofWorkload }),
    ...oneOf,
  }));
  for (const { column, project } of side === undefined ? (field.ofFlow ?? []) : []) {
    tests.push(columnTest(column, projected(project, test)));
  }
  return anyOf(tests);
}

function sidesOf(columns: Field['columns'], side: FieldTerm['side']): readonly FlowColumn[] {
  if (typeof columns === 'string') return [columns];
  return side === undefined ? [columns.from, columns.to] : [columns[side]];
}

const projected =
  (project: Projection, test: (values: readonly Comparable[]) => boolean) =>
  (value: never): boolean =>
    test(project(value));

/** The column and the type that its test takes belong together in the field table; no type says so here. */
const columnTest = (column: FlowColumn, test: (value: never) => boolean): ColumnTest => ({
  kind: 'test',
  column,
  test: (value) => test(value as never),
});

const asOneOf = (
  name: string,
  words: readonly string[] | undefined,
  says: (value: never) => readonly string[],
): Pick<ColumnTest, 'oneOf'> =>
  words === undefined ? {} : { oneOf: { name, says: (value) => says(value as never), words } };

const not = (of: Condition): Condition => ({ kind: 'not', of });

function anyOf(of: readonly ColumnTest[]): Condition {
  const [first] = of;
  return of.length === 1 && first !== undefined ? first : { kind: 'or', of };
}
