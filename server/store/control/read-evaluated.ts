import Database from 'better-sqlite3';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Direction, PolicyRef } from '../../core/flow.ts';
import {
  HIT_KINDS,
  NO_HIT_SERIES,
  NO_HITS,
  type HitKind,
  type HitSeries,
  type HitTotals,
} from '../../core/hit-series.ts';
import { nanos, type EpochNanos, type TimeWindow } from '../../core/time.ts';
import type { PolicyHitQuery } from '../flow-store.ts';
import { bucketSeeker } from '../sqlite/buckets.ts';
import { guard } from '../sqlite/failures.ts';
import { createEvaluatedHits, type EvaluatedHits, type EvaluatedRule } from './evaluated-hits.ts';
import { unpackMinutes, type MinuteCounts } from './evaluated-minutes.ts';
import { CONTROL_FILE } from './open-control.ts';

/** Evaluated hits of one rule in a range; `passed` is always 0. */
export type EvaluatedRow = EvaluatedRule & {
  readonly totals: HitTotals;
  /** Of the denied and staged ones, those that are the hits of other policies too. */
  readonly shared: number;
  /** As near as is known; to the minute where the range begins or ends within an hour. */
  readonly firstHit: EpochNanos;
  readonly lastHit: EpochNanos;
  readonly series: HitSeries;
};

/** What can be read of evaluated hits, beside a server that may be writing them. */
export type EvaluatedReader = Disposable &
  Pick<EvaluatedHits, 'mark'> & {
    /** Of the whole minutes that the window touches, as reported hits are read. */
    read(query: PolicyHitQuery): readonly EvaluatedRow[];
    /** Of each policy that was hit in the window, and of nobody; a policy may come once for each direction. */
    lastHits(
      window: TimeWindow,
    ): readonly { readonly policy: PolicyRef; readonly lastHit: EpochNanos }[];
  };

const BUSY_MS = 1_000;
const MINUTE = 60_000_000_000n;
const HOUR = 60n * MINUTE;
const MINUTES_AN_HOUR = 60;

/** Evaluated hits of a data directory; nothing is evaluated while there is none, or one of an older version. */
export function readEvaluated(directory: string): EvaluatedReader {
  const file = join(directory, CONTROL_FILE);
  let opened: Opened | undefined;
  const ask = <T>(question: (opened: Opened) => T, otherwise: T): T =>
    guard('Reading evaluated hits', file, () => {
      opened ??= openFile(file);
      return opened === undefined ? otherwise : question(opened);
    });
  return {
    mark: () => ask(({ mark }) => mark(), undefined),
    read: (query) => ask(({ read }) => read(query), []),
    lastHits: (window) => ask(({ lastHits }) => lastHits(window), []),
    [Symbol.dispose]: () => opened?.[Symbol.dispose](),
  };
}

type Opened = EvaluatedReader;

function openFile(file: string): Opened | undefined {
  if (!existsSync(file)) return undefined;
  using undo = new DisposableStack();
  const db = new Database(file, { readonly: true, timeout: BUSY_MS });
  undo.defer(() => db.close());
  const known = db
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'evaluated_hours'")
    .get();
  if (known === undefined) return undefined;
  const { mark } = createEvaluatedHits(db);
  const [read, lastHits] = [createRowReader(db), createLastHits(db)];
  const held = undo.move();
  return { mark, read, lastHits, [Symbol.dispose]: () => held.dispose() };
}

/** When each policy was hit last, by one search in the index for each. */
function createLastHits(db: Database.Database): EvaluatedReader['lastHits'] {
  const selectWholes = db
    .prepare<[], RuleRow>(
      "SELECT * FROM evaluated_rules WHERE named = 0 AND (rule = '' OR name = '')",
    )
    .safeIntegers();
  const selectNewest = db
    .prepare<[bigint, bigint, bigint], HourRow>(
      `SELECT minutes, hour, last_hit FROM evaluated_hours
       WHERE rule_id = ? AND hour BETWEEN ? AND ? ORDER BY hour DESC`,
    )
    .safeIntegers();
  const newest = (rule: bigint, { from, to }: TimeWindow): EpochNanos | undefined => {
    for (const row of selectNewest.iterate(rule, from / HOUR, to / HOUR)) {
      const minutes = [...unpackMinutes(row.minutes).keys()];
      const times = minutes
        .map((minute) => lastIn(row.hour * HOUR + BigInt(minute) * MINUTE, row.last_hit))
        .filter((at) => at >= from && at < to);
      const last = times.reduce<bigint | undefined>(
        (latest, at) => (latest === undefined || at > latest ? at : latest),
        undefined,
      );
      if (last !== undefined) return nanos(last);
    }
    return undefined;
  };
  return (window) =>
    selectWholes.all().flatMap((rule) => {
      const lastHit = newest(rule.id, window);
      return lastHit === undefined ? [] : [{ policy: ruleOf(rule).policy, lastHit }];
    });
}

type RuleRow = {
  readonly id: bigint;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly tier: string;
  readonly direction: Direction;
  readonly rule: string;
  readonly named: bigint;
};

type HourRow = Record<'hour' | keyof MinuteCounts | 'first_hit' | 'last_hit', bigint> & {
  readonly minutes: Buffer;
};

function createRowReader(db: Database.Database): EvaluatedReader['read'] {
  const selectRules = db
    .prepare<[], RuleRow>('SELECT * FROM evaluated_rules ORDER BY id')
    .safeIntegers();
  const selectHours = db
    .prepare<[bigint, number, number], HourRow>(
      `SELECT hour, minutes, allowed, denied, staged, shared, first_hit, last_hit
       FROM evaluated_hours WHERE rule_id = ? AND hour BETWEEN ? AND ? ORDER BY hour`,
    )
    .safeIntegers();
  const read = (query: PolicyHitQuery): readonly EvaluatedRow[] => {
    const { from, to } = query.within;
    if (to <= from) return [];
    const span = { from: Number(from / MINUTE), to: Number((to - 1n) / MINUTE) };
    const sum = createSummer(query, span);
    return selectRules.all().flatMap((rule) => {
      const hours = selectHours.all(rule.id, hourOf(span.from), hourOf(span.to));
      const summed = sum(hours);
      return summed === undefined ? [] : [{ ...ruleOf(rule), ...summed }];
    });
  };
  // One transaction, so that all rules are of one moment.
  return (query) => db.transaction(read)(query);
}

const hourOf = (minute: number): number => Math.floor(minute / MINUTES_AN_HOUR);

const ruleOf = ({ kind, namespace, name, tier, direction, rule, named }: RuleRow) => ({
  policy: { kind, namespace, name, tier },
  ...{ direction, rule, named: named === 1n },
});

type Summed = Omit<EvaluatedRow, keyof EvaluatedRule>;

/** Minutes of a span, both of which belong to it. */
type Minutes = { readonly from: number; readonly to: number };

/** Adds up the hours of one rule; `undefined` where none of its hits lies in the span. */
function createSummer(
  { within, buckets }: { readonly within: TimeWindow; readonly buckets: number },
  span: Minutes,
): (hours: readonly HourRow[]) => Summed | undefined {
  const seek = bucketSeeker(within, buckets);
  const bucketOf = (minute: number): number => seek(BigInt(minute) * MINUTE);
  return (hours) => {
    const totals = { ...NO_HITS };
    const series: Record<HitKind, Float64Array> = { ...NO_HIT_SERIES };
    let shared = 0;
    let first: bigint | undefined;
    let last = 0n;
    const add = (bucket: number, counts: MinuteCounts): void => {
      shared += counts.shared;
      for (const kind of HIT_KINDS) {
        const count = kind === 'passed' ? 0 : counts[kind];
        if (count === 0) continue;
        totals[kind] += count;
        if (series[kind].length === 0) series[kind] = new Float64Array(buckets);
        series[kind][bucket] = (series[kind][bucket] ?? 0) + count;
      }
    };
    for (const row of hours) {
      const begins = Number(row.hour) * MINUTES_AN_HOUR;
      const ends = begins + MINUTES_AN_HOUR - 1;
      const isWhole = begins >= span.from && ends <= span.to;
      if (isWhole && bucketOf(begins) === bucketOf(ends)) {
        add(bucketOf(begins), countsOf(row));
        first ??= row.first_hit;
        last = row.last_hit;
        continue;
      }
      for (const [minute, counts] of unpackMinutes(row.minutes)) {
        const at = begins + minute;
        if (at < span.from || at > span.to) continue;
        add(bucketOf(at), counts);
        const time = BigInt(at) * MINUTE;
        const known = isWhole ? row.first_hit : later(time, row.first_hit);
        if (first === undefined || known < first) first = known;
        const newest = isWhole ? row.last_hit : lastIn(time, row.last_hit);
        if (newest > last) last = newest;
      }
    }
    if (first === undefined) return undefined;
    return { totals, shared, firstHit: nanos(first), lastHit: nanos(last), series };
  };
}

const later = (one: bigint, other: bigint): bigint => (one > other ? one : other);

/** Of a minute that is not the last of its hour only the minute is known. */
const lastIn = (minute: bigint, lastOfHour: bigint): bigint =>
  lastOfHour < minute + MINUTE ? lastOfHour : minute;

const countsOf = ({ allowed, denied, staged, shared }: HourRow): MinuteCounts => ({
  allowed: Number(allowed),
  denied: Number(denied),
  staged: Number(staged),
  shared: Number(shared),
});
