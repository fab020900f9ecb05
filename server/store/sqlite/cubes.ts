import type { Block } from '../../columns/block.ts';
import type { ColumnName, CubeColumnName } from '../../columns/column-specs.ts';
import { workloadsOf } from '../../columns/workload-columns.ts';
import type { Condition } from '../../query/compile.ts';

/**
 * By which columns flows are counted beforehand, those with the fewest rows first: a summary is answered from the first
 * cube that says all that is asked. The number of a cube stands in the store, and is never given to another one; a new
 * one needs a migration that deletes what was made without it. Denied flows have a set of blocks of their own, so that
 * most cubes need not tell verdicts apart.
 */
export const CUBES: ReadonlyMap<number, readonly CubeColumnName[]> = new Map<
  number,
  readonly CubeColumnName[]
>([
  [0, ['node']],
  [
    1,
    [
      ...(['hits', 'verdict', 'event', 'direction', 'reply', 'reporter'] as const),
      ...(['protocol', 'origin', 'wireVerdict'] as const),
    ],
  ],
  [2, ['sourceService']],
  [3, ['destinationService']],
  [4, ['sourceNames']],
  [5, ['destinationNames']],
  [6, ['l7']],
  [7, ['source']],
  [8, ['destination', 'protocol', 'destinationPort']],
  [9, ['sourceIp']],
  [10, ['destinationIp']],
  [12, ['sourceWorkload', 'destinationWorkload', 'verdict']],
  [11, ['source', 'destination', 'verdict', 'direction', 'protocol', 'destinationPort']],
]);

export const columnsOfCube = (cube: number): readonly CubeColumnName[] => CUBES.get(cube) ?? [];

/** What is asked of a flow: a column, and whether no more of an end than what its workload has in common. */
export type Asked = { readonly column: ColumnName; readonly ofWorkload: boolean };

/** The cubes that say all that is asked, the smallest first. */
export const cubesWith = (asked: readonly Asked[]): readonly number[] =>
  [...CUBES].flatMap(([cube, names]) =>
    asked.every(({ column, ofWorkload }) => {
      const workloads = ofWorkload ? workloadsOf(column) : undefined;
      return names.includes(column) || (workloads !== undefined && names.includes(workloads));
    })
      ? [cube]
      : [],
  );

/** Rows of a cube by the columns of flows: what is asked of an end is asked of its workload, where it has no ends. */
export const asFlows = (cube: number, block: Block): Block => ({
  ...block,
  column(name) {
    const workloads = workloadsOf(name);
    const names = columnsOfCube(cube);
    const isOfWorkloads = workloads !== undefined && names.includes(workloads);
    return block.column(isOfWorkloads ? workloads : name);
  },
});

/** What a condition asks. */
export function askedBy(condition: Condition): readonly Asked[] {
  switch (condition.kind) {
    case 'all':
      return [];
    case 'and':
    case 'or':
      return condition.of.flatMap(askedBy);
    case 'not':
      return askedBy(condition.of);
    case 'test':
      return [{ column: condition.column, ofWorkload: condition.ofWorkload ?? false }];
  }
}
