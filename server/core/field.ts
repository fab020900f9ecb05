import type { Flow } from './flow.ts';

/** Properties of a flow that queries read. Each is one column of a stored block. */
export type FlowColumn = Exclude<keyof Flow, 'raw' | 'window' | 'timeFrom'>;

/** What a query compares: text, or a number that has an order. */
export type Comparable = string | number;

/**
 * Turns a column's value into what queries compare; an empty list means that the flow has no value
 * (`field:none`). It is pure, so evaluators call it once a distinct value.
 */
export type Projection = (value: never) => readonly Comparable[];

/** One of a field's `choices` that a column of the flow itself decides. */
export type FlowTrait = {
  readonly choice: string;
  readonly column: FlowColumn;
  readonly project: Projection;
};

/** Makes a trait whose test takes the type of its column. */
export const flowTrait = <C extends FlowColumn>(
  choice: string,
  column: C,
  holds: (value: Flow[C]) => boolean,
): FlowTrait => ({
  choice,
  column,
  project: (value: Flow[C]) => (holds(value) ? [choice] : []),
});

/** One row of the field table. */
export type Field = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: 'text' | 'number' | 'address' | 'choice';
  /** One line for completion and docs. */
  readonly about: string;
  /** Column of each end, for fields that take `from.` and `to.`; else the one column. */
  readonly columns: { readonly from: FlowColumn; readonly to: FlowColumn } | FlowColumn;
  readonly project: Projection;
  /** Of an end: equal for all pods of a workload, so that flows may be counted without telling its pods apart. */
  readonly ofWorkload?: true;
  /** What the flow itself adds to the values of its ends (`is:reply`); never asked of one side. */
  readonly ofFlow?: readonly FlowTrait[];
  /** Upper and lower case are the same: DNS names, protocol words, codes. Kubernetes names are exact. */
  readonly ignoreCase?: boolean;
  /** Numbers may be written with `kb`, `mib` and the like. */
  readonly unit?: 'bytes';
  /** All values, for `choice` fields; the key is canonical, the list holds what else may be typed. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
};

type Row<V> = Omit<Field, 'project' | 'aliases'> & {
  readonly aliases?: readonly string[];
  readonly project: (value: V) => readonly Comparable[];
};

/** Makes a row whose projection takes the type that its column has. */
export const field = <V>(row: Row<V>): Field => ({ aliases: [], ...row });
