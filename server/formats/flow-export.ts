import type { ColumnId } from '../core/column-ids.ts';
import type { Completeness } from '../core/completeness.ts';
import type { Gap, StoredFlow } from '../core/flow.ts';
import type { TimeWindow } from '../core/time.ts';
import { completenessToJson } from './completeness-json.ts';
import { flowCsv } from './flow-csv.ts';
import { flowToJson, gapToJson, windowToJson } from './flow-json.ts';

export type ExportFormat = 'csv' | 'ndjson' | 'json';

/** What was asked for, and how completely it was recorded. */
export type ExportScope = {
  /** Canonical text. */
  readonly q: string;
  /** `undefined`: everything that is kept. */
  readonly within: TimeWindow | undefined;
  /** No flow has a greater sequence number. */
  readonly asOf: number;
  /** The flows are a simulator's. */
  readonly demo: boolean;
  readonly completeness: Completeness;
  readonly gaps: readonly Gap[];
};

/** Parts of a file that is written piece by piece. */
export type FlowExport = {
  readonly head: string;
  /** `before`: flows that were written already. */
  readonly lines: (flows: readonly StoredFlow[], before: number) => string;
  readonly tail: (count: number) => string;
};

/**
 * How flows are written in a format. CSV has the columns; NDJSON and JSON have whole flows, since whoever reads them
 * picks for himself. JSON is one object that begins with its scope, and ends with the number of its flows.
 */
export function flowExport(
  format: ExportFormat,
  scope: ExportScope,
  columns: readonly ColumnId[],
): FlowExport {
  switch (format) {
    case 'csv': {
      const { head, line } = flowCsv(columns);
      return { head, lines: (flows) => flows.map(line).join(''), tail: () => '' };
    }
    case 'ndjson':
      return {
        head: '',
        lines: (flows) => flows.map((flow) => `${JSON.stringify(flowToJson(flow))}\n`).join(''),
        tail: () => '',
      };
    case 'json':
      return {
        head: `${JSON.stringify(scopeToJson(scope)).slice(0, -1)},"flows":[`,
        lines: (flows, before) =>
          flows
            .map(
              (flow, at) => `${before + at === 0 ? '' : ','}\n${JSON.stringify(flowToJson(flow))}`,
            )
            .join(''),
        tail: (count) => `\n],"count":${count}}\n`,
      };
  }
}

const scopeToJson = ({ q, within, asOf, demo, completeness, gaps }: ExportScope) => ({
  q,
  range: within === undefined ? null : windowToJson(within),
  asof: asOf,
  demo,
  completeness: completenessToJson(completeness),
  gaps: gaps.map(gapToJson),
});
