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
  /** What the flow itself adds to the values of its ends (`is:reply`); never asked of one side. */
  readonly ofFlow?: {
    readonly column: FlowColumn;
    readonly project: Projection;
    /** Those of `choices` that only this projection answers with. */
    readonly choices: readonly string[];
  };
  /** Upper and lower case are the same: DNS names, protocol words, codes. Kubernetes names are exact. */
  readonly ignoreCase?: boolean;
  /** Numbers may be written with `kb`, `mib` and the like. */
  readonly unit?: 'bytes';
  /** All values, for `choice` fields; the key is canonical, the list holds what else may be typed. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
};

type Row<V, W> = Omit<Field, 'project' | 'aliases' | 'ofFlow'> & {
  readonly aliases?: readonly string[];
  readonly project: (value: V) => readonly Comparable[];
  readonly ofFlow?: {
    readonly column: FlowColumn;
    readonly project: (value: W) => readonly Comparable[];
    readonly choices: readonly string[];
  };
};

/** Makes a row whose projections take the type that their column has. */
export const field = <V, W = never>(row: Row<V, W>): Field => ({ aliases: [], ...row });
