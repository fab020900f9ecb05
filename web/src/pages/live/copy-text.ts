import { spreadsheetText } from '../../../../server/core/spreadsheet-text.ts';
import type { FlowJson } from '../../../../server/http/contract.ts';
import type { Zone } from '../../words/time.ts';
import type { FlowColumn } from './flow-column.ts';

/**
 * The columns of rows as a spreadsheet takes them from the clipboard. Times are as recorded, not as the screen cuts
 * them.
 */
export function tsvOf(
  flows: readonly FlowJson[],
  columns: readonly FlowColumn[],
  zone: Zone,
): string {
  const cell = (column: FlowColumn, flow: FlowJson): string =>
    column.id === 'time' ? flow.observedAt : plain(column.text(flow, zone));
  return [
    columns.map(({ label }) => label).join('\t'),
    ...flows.map((flow) => columns.map((column) => cell(column, flow)).join('\t')),
  ].join('\n');
}

const plain = (text: string): string => spreadsheetText(text.replaceAll(/[\t\r\n]+/g, ' '));

export const jsonOf = (value: FlowJson | readonly FlowJson[]): string =>
  JSON.stringify(value, null, 2);
