import Database from 'better-sqlite3';
import { join } from 'node:path';

/** Makes a store what it would be if a version without the drops set had written it: all of that is still to be done. */
export function ageStore(directory: string): void {
  const db = new Database(join(directory, 'dropwise.sqlite'));
  db.exec(`BEGIN;
    DELETE FROM drop_blocks;
    DELETE FROM drop_raw_chunks;
    DELETE FROM drop_block_filters;
    DELETE FROM seals WHERE block_set = 'drops';
    UPDATE store SET drops_after = head;
    COMMIT`);
  db.close();
}
