/** `all` holds every flow once; `drops` holds those that were denied again, by themselves. */
export type SetName = 'all' | 'drops';

export type SetTables = {
  readonly blocks: string;
  readonly chunks: string;
  readonly filters: string;
  /** How a row of `blocks` and of `chunks` says how many rows it has: neighbors need no column for it. */
  readonly rows: string;
};

export const TABLES: Readonly<Record<SetName, SetTables>> = {
  all: {
    blocks: 'blocks',
    chunks: 'raw_chunks',
    filters: 'block_filters',
    rows: 'last_seq - first_seq + 1',
  },
  drops: {
    blocks: 'drop_blocks',
    chunks: 'drop_raw_chunks',
    filters: 'drop_block_filters',
    rows: 'rows',
  },
};
