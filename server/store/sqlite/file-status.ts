import { statSync } from 'node:fs';
import { nanosFromMillis } from '../../core/time.ts';
import type { StoreStatus } from '../flow-store.ts';

/** What the files of a database tell without opening it. */
export function fileStatus(file: string): Pick<StoreStatus, 'walBytes' | 'checkpointedAt'> {
  const wal = statSync(`${file}-wal`, { throwIfNoEntry: false });
  // With write-ahead logging, nothing but a checkpoint writes the database file.
  const main = statSync(file, { throwIfNoEntry: false });
  return {
    walBytes: wal?.size ?? 0,
    checkpointedAt: main === undefined ? undefined : nanosFromMillis(main.mtimeMs),
  };
}
