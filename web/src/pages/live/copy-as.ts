import type { ToHubble } from '../../../../server/query/hubble/to-hubble.ts';
import type { FlowJson } from '../../../../server/http/contract.ts';
import type { View } from '../../state/url.ts';
import type { MenuItem } from '../../ui/menu-item.ts';
import { plural } from '../../words/numbers.ts';
import { jsonOf, tsvOf } from './copy-text.ts';
import type { FlowColumn } from './flow-column.ts';

/** Rows that are copied at once; more belongs in a file. */
export const COPIED_ROWS = 1_000;

/** What is on screen when the menu opens. */
export type Copyable = {
  readonly view: Pick<View, 'q' | 'tz'>;
  readonly flow: FlowJson | undefined;
  readonly rows: readonly FlowJson[];
  readonly columns: readonly FlowColumn[];
  /** With range and sequence number frozen. */
  readonly link: string;
  /** The query as a command of Hubble; absent until it is known. */
  readonly hubble: ToHubble | undefined;
};

/** What the menu offers; what cannot be had says why. */
export function copyItems({ view, flow, rows, hubble }: Copyable): readonly MenuItem[] {
  const some = { detail: plural(rows.length, 'row'), disabled: rows.length === 0 };
  return [
    { id: 'link', label: 'Link', detail: 'shows the same later, too' },
    view.q === ''
      ? { id: 'query', label: 'Query', detail: 'there is none', disabled: true }
      : { id: 'query', label: 'Query', detail: view.q },
    flow === undefined
      ? { id: 'flow', label: 'Flow as JSON', detail: 'choose a row first', disabled: true }
      : { id: 'flow', label: 'Flow as JSON' },
    { id: 'json', label: 'Rows as JSON', ...some },
    { id: 'tsv', label: 'Rows for a spreadsheet (TSV)', ...some },
    hubble?.ok === true
      ? { id: 'hubble', label: 'Hubble command', detail: hubble.command }
      : { id: 'hubble', label: 'Hubble command', detail: hubble?.why ?? '…', disabled: true },
  ];
}

/** What a choice copies, and what it is called; `undefined` where there is nothing. */
export function copyText(
  { view, flow, rows, columns, link, hubble }: Copyable,
  id: string,
): { readonly name: string; readonly text: string } | undefined {
  switch (id) {
    case 'link':
      return { name: 'the link', text: link };
    case 'query':
      return { name: 'the query', text: view.q };
    case 'flow':
      return flow && { name: 'the flow', text: jsonOf(flow) };
    case 'json':
      return { name: plural(rows.length, 'row'), text: jsonOf(rows) };
    case 'tsv':
      return { name: plural(rows.length, 'row'), text: tsvOf(rows, columns, view.tz) };
    case 'hubble':
      return hubble?.ok === true ? { name: 'the command', text: hubble.command } : undefined;
    default:
      return undefined;
  }
}
