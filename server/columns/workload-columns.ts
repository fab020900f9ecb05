import type { ColumnName, PackedEndpoint, StoredColumn, WorkloadColumn } from './column-specs.ts';

/** Columns of cubes that are made of one of the flows: the workload at that end. */
const ENDS: Readonly<Record<WorkloadColumn, ColumnName>> = {
  sourceWorkload: 'source',
  destinationWorkload: 'destination',
};

/** The column of which one is made; `undefined` where flows have it themselves. */
export const endOf = (name: StoredColumn): ColumnName | undefined =>
  name in ENDS ? ENDS[name as WorkloadColumn] : undefined;

/** The column that says of an end's workload what is asked of the end. */
export function workloadsOf(end: StoredColumn): WorkloadColumn | undefined {
  if (end === 'source') return 'sourceWorkload';
  return end === 'destination' ? 'destinationWorkload' : undefined;
}

/** The JSON of what an end has in common with all pods of its workload, of the JSON of the end. */
export function workloadJson(endJson: string): string {
  const end = JSON.parse(endJson) as PackedEndpoint;
  const [kind, cluster, namespace, , workload, workloadKind] = end;
  const packed: PackedEndpoint = [kind, cluster, namespace, '', workload, workloadKind, '', 0, []];
  return JSON.stringify(packed);
}
