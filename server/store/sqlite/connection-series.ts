import { createTuples } from '../../columns/tuples.ts';
import type { ConnectionRow } from '../connections.ts';

type RowSeries = Pick<ConnectionRow, 'seenIn' | 'eventsIn'>;

/** Events by row and bucket, only of those that came. */
export type ConnectionSeries = {
  add(row: number, bucket: number, events: number): void;
  /** In the order of the rows. */
  told(rows: number): readonly RowSeries[];
};

export function createConnectionSeries(): ConnectionSeries {
  const cells = createTuples(2);
  const events: number[] = [];
  return {
    add(row, bucket, more) {
      cells.slot[0] = row;
      cells.slot[1] = bucket;
      const cell = cells.number();
      events[cell] = (events[cell] ?? 0) + more;
    },
    told(rows) {
      const byRow = Array.from({ length: rows }, (): number[] => []);
      for (let cell = 0; cell < cells.size; cell++) byRow[cells.at(cell, 0)]?.push(cell);
      return byRow.map((ofRow) => {
        const sorted = ofRow.sort((one, other) => cells.at(one, 1) - cells.at(other, 1));
        return {
          seenIn: sorted.map((cell) => cells.at(cell, 1)),
          eventsIn: sorted.map((cell) => events[cell] ?? 0),
        };
      });
    },
  };
}
