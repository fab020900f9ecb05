import type { ColumnId } from '../../../../server/core/column-ids.ts';
import type { FlowJson } from '../../../../server/http/contract.ts';
import type { Zone } from '../../words/time.ts';

export type FlowColumn = {
  readonly id: ColumnId;
  readonly label: string;
  /** Narrowest that still tells, in CSS pixels; below it the table scrolls sideways. */
  readonly min: number;
  /** Width at which its usual text is whole, in CSS pixels. Room is shared out in proportion to it. */
  readonly full: number;
  /** Whether its text is an address, a number or a name: set in the data face. */
  readonly data: boolean;
  readonly text: (flow: FlowJson, zone: Zone) => string;
  /** Query terms that mean "as in this cell"; empty where filtering by it makes no sense. */
  readonly terms: (flow: FlowJson) => readonly string[];
};
