/** Columns of the flow table on a fresh page, in their order. */
export const DEFAULT_COLUMNS = [
  'time',
  'verdict',
  'source',
  'destination',
  'port',
  'direction',
  'policy',
  'reason',
  'node',
  'origin',
] as const;

const OF_THE_FLOW = [...DEFAULT_COLUMNS, 'l7', 'bytes', 'packets', 'event', 'id'] as const;
const OF_AN_END = ['ns', 'pod', 'wl', 'svc', 'ip', 'port', 'identity', 'cluster'] as const;

export type FlowColumnId = (typeof OF_THE_FLOW)[number];
export type EndColumnName = (typeof OF_AN_END)[number];
export type Side = 'from' | 'to';
export type ColumnId = FlowColumnId | `${Side}.${EndColumnName}`;

/**
 * All columns of flows, on screen and in CSV. Their names stand in addresses that people keep and never change
 * meaning; those of one end are called as the query language calls them.
 */
export const COLUMN_IDS: readonly ColumnId[] = [
  ...OF_THE_FLOW,
  ...OF_AN_END.map((name) => `from.${name}` as const),
  ...OF_AN_END.map((name) => `to.${name}` as const),
];

const KNOWN: ReadonlySet<string> = new Set(COLUMN_IDS);

export const isColumnId = (text: string): text is ColumnId => KNOWN.has(text);

/** Makes the table of all columns from those of a flow and those of one end. */
export function columnTable<T>(
  ofFlow: Readonly<Record<FlowColumnId, T>>,
  ofEnd: (side: Side, name: EndColumnName) => T,
): ReadonlyMap<ColumnId, T> {
  const ends = (['from', 'to'] as const).flatMap((side) =>
    OF_AN_END.map((name) => [`${side}.${name}` as const, ofEnd(side, name)] as const),
  );
  return new Map<ColumnId, T>([...OF_THE_FLOW.map((id) => [id, ofFlow[id]] as const), ...ends]);
}
