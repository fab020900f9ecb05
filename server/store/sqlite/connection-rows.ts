import { timesIn } from '../../columns/block.ts';
import { combine, type CodedRows } from '../../columns/combine.ts';
import { halvesOf, type Halves } from '../../columns/halves.ts';
import type { StoredFlow } from '../../core/flow.ts';
import { nanos } from '../../core/time.ts';
import type { ConnectionOptions, ConnectionRow, Connections } from '../connections.ts';
import { flowAt } from './block-set.ts';
import { bucketOfHalves } from './buckets.ts';
import { createConnectionReader } from './connection-codes.ts';
import { groupRows } from './connection-groups.ts';
import { createConnectionSeries } from './connection-series.ts';
import { createConnectionTable } from './connection-table.ts';
import type { Matches } from './walk.ts';

/** Connections while they are counted. */
export type ConnectionRows = {
  /** Counts the rows of a block; blocks come newest first, so that the first flow of a row is its newest. */
  add(matches: Matches): void;
  told(): Pick<Connections, 'rows' | 'untold'>;
};

export function createConnectionRows({
  within,
  buckets,
  limit,
}: ConnectionOptions): ConnectionRows {
  const reader = createConnectionReader();
  const bucketsOf = bucketReader(bucketOfHalves(within, buckets));
  const series = createConnectionSeries();
  const table = createConnectionTable(series.add);
  const flows: StoredFlow[] = [];
  const untold = { records: 0, events: 0 };

  return {
    add(matches) {
      const times = halvesOf(timesIn(matches.opened.block, 'observedAt'));
      const bucket = bucketsOf(matches, times);
      if (flows.length >= limit) reader.close();
      const codes = reader.read(matches, bucket);
      const groups = groupRows(matches, codes, times);
      for (const code of groups.found) {
        const newest = groups.newest[code] ?? 0;
        const some = {
          bucket: bucket.number(newest),
          records: groups.records[code] ?? 0,
          events: groups.events[code] ?? 0,
          first: groups.first[code] ?? 0,
          last: groups.last[code] ?? 0,
        };
        codes.put(newest, table.slot);
        let row = table.find();
        if (row < 0 && flows.length < limit) {
          row = table.add(times, some);
          flows.push(flowAt(matches.opened, newest));
        }
        if (row >= 0) {
          table.count(row, times, some);
        } else {
          untold.records += some.records;
          untold.events += some.events;
        }
      }
    },
    told() {
      table.flush();
      const told = series.told(flows.length);
      const rows = flows.map((flow, row): ConnectionRow => {
        const { records, firstAt, lastAt } = table.told(row);
        const { seenIn, eventsIn } = told[row] ?? { seenIn: [], eventsIn: [] };
        const events = eventsIn.reduce((sum, count) => sum + count, 0);
        const times = { firstAt: nanos(firstAt), lastAt: nanos(lastAt) };
        return { flow, records, events, ...times, seenIn, eventsIn };
      });
      return { rows, untold };
    },
  };
}

/** The buckets of rows that match, and of one row. */
type RowBuckets = CodedRows & { number(row: number): number };

/** Blocks mostly lie in one bucket. */
function bucketReader(
  bucketOf: (times: Halves, row: number) => number,
): (matches: Matches, times: Halves) => RowBuckets {
  return ({ opened: { block }, from, to, rows }, times) => {
    const codes = new Uint32Array(block.rows);
    let distinct = 1;
    let lowest = Infinity;
    for (let row = from; row < to; row++) {
      if (rows !== undefined && rows[row] !== 1) continue;
      const bucket = bucketOf(times, row);
      codes[row] = bucket;
      distinct = Math.max(distinct, bucket + 1);
      lowest = Math.min(lowest, bucket);
    }
    const number = (row: number) => codes[row] ?? 0;
    if (lowest === distinct - 1) return { ...combine([], block.rows), number };
    return { codes, distinct, number };
  };
}
