import type { ColumnName } from '../../columns/column-specs.ts';
import type { Condition } from '../../query/compile.ts';

/**
 * By which columns flows are counted beforehand, those with the fewest rows first. The number of a cube is its place,
 * and stands in the store: append, never reorder. A summary is answered from a cube that has all columns it asks for.
 * Denied flows have a set of blocks of their own, so that most cubes need not tell verdicts apart.
 */
export const CUBES: readonly (readonly ColumnName[])[] = [
  ['node'],
  [
    'hits',
    'verdict',
    'event',
    'direction',
    'reply',
    'reporter',
    'protocol',
    'origin',
    'wireVerdict',
  ],
  ['sourceService'],
  ['destinationService'],
  ['sourceNames'],
  ['destinationNames'],
  ['l7'],
  ['source'],
  ['destination', 'protocol', 'destinationPort'],
  ['sourceIp'],
  ['destinationIp'],
  ['source', 'destination', 'verdict', 'direction', 'protocol', 'destinationPort'],
];

/** The cubes that have all of some columns, the smallest first. */
export const cubesWith = (columns: ReadonlySet<string>): readonly number[] =>
  CUBES.flatMap((names, cube) =>
    [...columns].every((column) => names.includes(column as ColumnName)) ? [cube] : [],
  );

/** The columns that a condition looks at. */
export function columnsOf(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case 'all':
      return [];
    case 'and':
    case 'or':
      return condition.of.flatMap(columnsOf);
    case 'not':
      return columnsOf(condition.of);
    case 'test':
      return [condition.column];
  }
}
