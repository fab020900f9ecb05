import { numbersIn, openBlock, type Block } from '../../columns/block.ts';
import { compressBlock } from '../../columns/block-format.ts';
import type { HitColumn } from '../../columns/column-specs.ts';
import { writeBlock } from '../../columns/encoded-block.ts';
import { encodeColumn } from '../../columns/encoding.ts';
import type { Connection } from './database.ts';

/**
 * The minutes of an hour as one blob of columns: to read them row by row takes SQLite several times as long. The rows
 * stay what is true; a blob is made when they have been left alone for a while, and goes when they change.
 */
export type PolicyHours = {
  /** Inside the transaction that changes rows of these hours. */
  touch(hours: Iterable<number>): void;
  /** Packs one hour that needs it, if any; the newest is still being counted. */
  packOne(): void;
  /** The hours that are packed, in order, of a span to both ends of which they may belong. */
  read(from: number, to: number): Iterable<PackedHour>;
  /** Inside a transaction: deletes the hours that began before a minute. */
  prune(beforeMinute: bigint): void;
};

/** Readers of its columns, by row. */
export type PackedHour = { readonly hour: number; readonly rows: number } & Readonly<
  Record<HitColumn, (row: number) => number>
>;

const NUMBERS: readonly HitColumn[] = ['minute', 'ruleId', 'allowed', 'denied', 'passed', 'staged'];

export const MINUTES_AN_HOUR = 60;
/** An old capture that is imported touches its hour with every commit: it is packed when this many went by. */
const QUIET_COMMITS = 64;

type MinuteRow = readonly number[];

export function createPolicyHours(db: Connection): PolicyHours {
  const insert = db.prepare('INSERT OR REPLACE INTO policy_hours (hour, columns) VALUES (?, ?)');
  const remove = db.prepare<[number]>('DELETE FROM policy_hours WHERE hour = ?');
  const removeBefore = db.prepare<[number]>('DELETE FROM policy_hours WHERE hour < ?');
  const select = db.prepare<[number]>('SELECT 1 FROM policy_hours WHERE hour = ?');
  const selectSpan = db.prepare<[number, number], { hour: number; columns: Buffer }>(
    'SELECT hour, columns FROM policy_hours WHERE hour BETWEEN ? AND ? ORDER BY hour',
  );
  const selectRows = db
    .prepare<[number, number], MinuteRow>(
      `SELECT minute, rule_id, sum(allowed), sum(denied), sum(passed), sum(staged)
       FROM policy_minutes WHERE minute >= ? AND minute < ? GROUP BY minute, rule_id
       ORDER BY minute, rule_id`,
    )
    .raw();
  const nextMinute = db
    .prepare<[number], number | null>('SELECT min(minute) FROM policy_minutes WHERE minute >= ?')
    .pluck();
  const newestMinute = db
    .prepare<[], number | null>('SELECT max(minute) FROM policy_minutes')
    .pluck();

  /** Hours before this one are packed, or were touched not long ago. */
  let cursor = 0;
  let commits = 0;
  /** At which commit an hour was touched last. */
  const touched = new Map<number, number>();

  const nextHour = (): number | undefined => {
    const minute = nextMinute.get(cursor * MINUTES_AN_HOUR) ?? undefined;
    const newest = newestMinute.get() ?? undefined;
    if (minute === undefined || newest === undefined) return undefined;
    const hour = hourOf(minute);
    return hour < hourOf(newest) ? hour : undefined;
  };

  return {
    touch(hours) {
      for (const hour of hours) {
        remove.run(hour);
        touched.set(hour, commits);
      }
    },
    packOne() {
      commits += 1;
      for (const [hour, at] of touched) {
        if (commits - at < QUIET_COMMITS) continue;
        touched.delete(hour);
        cursor = Math.min(cursor, hour);
      }
      const hour = nextHour();
      if (hour === undefined) return;
      cursor = hour + 1;
      if (touched.has(hour) || select.get(hour) !== undefined) return;
      const from = hour * MINUTES_AN_HOUR;
      insert.run(hour, pack(selectRows.all(from, from + MINUTES_AN_HOUR)));
    },
    *read(from, to) {
      for (const { hour, columns } of selectSpan.iterate(from, to)) {
        yield unpack(hour, openBlock(columns));
      }
    },
    prune(beforeMinute) {
      const minute = Number(beforeMinute);
      removeBefore.run(hourOf(minute + MINUTES_AN_HOUR - 1));
      // Of this hour some minutes are kept.
      touched.set(hourOf(minute), commits);
    },
  };
}

export const hourOf = (minute: number): number => Math.floor(minute / MINUTES_AN_HOUR);

function pack(rows: readonly MinuteRow[]): Buffer {
  const columns = NUMBERS.map((name, place) => ({
    name,
    column: encodeColumn(
      name,
      rows.map((row) => row[place] ?? 0),
    ),
  }));
  return compressBlock(writeBlock({ rows: rows.length, columns }));
}

function unpack(hour: number, block: Block): PackedHour {
  const reader = (name: HitColumn) => numbersIn(block, name);
  return {
    hour,
    rows: block.rows,
    minute: reader('minute'),
    ruleId: reader('ruleId'),
    allowed: reader('allowed'),
    denied: reader('denied'),
    passed: reader('passed'),
    staged: reader('staged'),
  };
}
