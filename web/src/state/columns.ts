/** Columns of the flow table, in the order of a fresh page. Their names stand in URLs and never change meaning. */
export const COLUMN_IDS = [
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

export type ColumnId = (typeof COLUMN_IDS)[number];

export const isColumnId = (text: string): text is ColumnId =>
  (COLUMN_IDS as readonly string[]).includes(text);
