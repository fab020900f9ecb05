import type { Direction, Flow, PolicyHit } from '../../core/flow.ts';
import { hitCounts } from '../../core/hit-counts.ts';
import { nanos, NANOS_PER_SECOND, type EpochNanos } from '../../core/time.ts';
import type { HitTotals, PolicyHitQuery, PolicyHitRow } from '../flow-store.ts';
import { bucketStarts } from './buckets.ts';
import type { Connection } from './database.ts';

/** Hit counts per minute and rule, committed with the flows that they count. */
export type PolicyRollup = {
  /** Inside the transaction that commits the flows; all of one source. */
  add(origin: string, flows: readonly Flow[]): void;
  /**
   * Counts of the minutes that the window touches: its first and last minute are counted whole. A minute
   * belongs to the bucket in which it begins.
   */
  read(query: PolicyHitQuery): readonly PolicyHitRow[];
  /** Deletes minutes that ended by then. */
  prune(before: EpochNanos): void;
};

const NANOS_PER_MINUTE = 60n * NANOS_PER_SECOND;

type Totals = { allowed: number; denied: number; passed: number; staged: number };

type Cell = Totals & {
  readonly minute: bigint;
  readonly hit: PolicyHit;
  first: bigint;
  last: bigint;
};

type MinuteRow = Record<keyof Totals | 'minute' | 'first_hit' | 'last_hit', bigint> & {
  rule_id: bigint;
};

type RuleRow = {
  id: number;
  kind: string;
  namespace: string;
  name: string;
  tier: string;
  direction: Direction;
  rule: number;
};

const ruleKey = ({ policy, direction, rule }: PolicyHit): string =>
  JSON.stringify([policy.kind, policy.namespace, policy.name, policy.tier, direction, rule]);

export function createPolicyRollup(db: Connection): PolicyRollup {
  const insertRule = db.prepare(
    `INSERT OR IGNORE INTO policy_rules (kind, namespace, name, tier, direction, rule)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const selectRuleId = db
    .prepare<[string, string, string, string, string, number], number>(
      `SELECT id FROM policy_rules WHERE kind = ? AND namespace = ? AND name = ? AND tier = ?
       AND direction = ? AND rule = ?`,
    )
    .pluck();
  const selectRules = db.prepare<[], RuleRow>('SELECT * FROM policy_rules ORDER BY id');
  const addMinute = db.prepare(
    `INSERT INTO policy_minutes
       (minute, rule_id, origin, allowed, denied, passed, staged, first_hit, last_hit)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET
       allowed = allowed + excluded.allowed, denied = denied + excluded.denied,
       passed = passed + excluded.passed, staged = staged + excluded.staged,
       first_hit = min(first_hit, excluded.first_hit), last_hit = max(last_hit, excluded.last_hit)`,
  );
  const selectMinutes = db
    .prepare<[bigint, bigint], MinuteRow>(
      `SELECT minute, rule_id, sum(allowed) AS allowed, sum(denied) AS denied,
              sum(passed) AS passed, sum(staged) AS staged,
              min(first_hit) AS first_hit, max(last_hit) AS last_hit
       FROM policy_minutes WHERE minute >= ? AND minute <= ? GROUP BY minute, rule_id`,
    )
    .safeIntegers();
  const deleteMinutes = db.prepare('DELETE FROM policy_minutes WHERE minute < ?');

  const ruleId = ({ policy: { kind, namespace, name, tier }, direction, rule }: PolicyHit) => {
    insertRule.run(kind, namespace, name, tier, direction, rule);
    return selectRuleId.get(kind, namespace, name, tier, direction, rule);
  };

  return {
    add(origin, flows) {
      for (const cell of cellsOf(flows)) {
        const { minute, hit, allowed, denied, passed, staged, first, last } = cell;
        addMinute.run(
          ...[minute, ruleId(hit), origin],
          ...[allowed, denied, passed, staged, first, last],
        );
      }
    },
    read(query) {
      const { from, to } = query.within;
      if (to <= from) return [];
      const minutes = selectMinutes.all(minuteOf(from), minuteOf(to - 1n));
      const rules = new Map(selectRules.all().map((rule) => [rule.id, rule]));
      const byRule = Map.groupBy(minutes, (row) => Number(row.rule_id));
      return [...byRule].flatMap(([id, rows]) => {
        const rule = rules.get(id);
        return rule === undefined ? [] : [hitRow(rule, rows, query)];
      });
    },
    prune: (before) => void deleteMinutes.run(minuteOf(before)),
  };
}

const minuteOf = (time: bigint): bigint => time / NANOS_PER_MINUTE;

/** Sums a batch first, so that the database is touched once a minute and rule. */
function cellsOf(flows: readonly Flow[]): Iterable<Cell> {
  const cells = new Map<string, Cell>();
  const keys = new Map<PolicyHit, string>();
  for (const flow of flows) {
    for (const { hit, kind, count } of hitCounts(flow)) {
      if (count === 0) continue;
      let rule = keys.get(hit);
      if (rule === undefined) keys.set(hit, (rule = ruleKey(hit)));
      const time = flow.observedAt;
      const minute = minuteOf(time);
      const key = `${minute} ${rule}`;
      let cell = cells.get(key);
      if (cell === undefined) {
        cell = { minute, hit, first: time, last: time, ...NO_HITS };
        cells.set(key, cell);
      }
      cell[kind] += count;
      if (time < cell.first) cell.first = time;
      if (time > cell.last) cell.last = time;
    }
  }
  return cells.values();
}

const NO_HITS: HitTotals = { allowed: 0, denied: 0, passed: 0, staged: 0 };

function hitRow(rule: RuleRow, rows: readonly MinuteRow[], query: PolicyHitQuery): PolicyHitRow {
  const starts = bucketStarts(query.within, query.buckets);
  const series = starts.map((): Totals => ({ ...NO_HITS }));
  const totals: Totals = { ...NO_HITS };
  let first: bigint | undefined;
  let last: bigint | undefined;
  for (const row of rows) {
    const begin = row.minute * NANOS_PER_MINUTE;
    const bucket = Math.max(
      0,
      starts.findLastIndex((start) => start <= begin),
    );
    for (const sums of [totals, series[bucket]]) if (sums !== undefined) addRow(sums, row);
    if (first === undefined || row.first_hit < first) first = row.first_hit;
    if (last === undefined || row.last_hit > last) last = row.last_hit;
  }
  const { kind, namespace, name, tier, direction } = rule;
  return {
    policy: { kind, namespace, name, tier },
    direction,
    rule: rule.rule,
    totals,
    firstHit: nanos(first ?? 0n),
    lastHit: nanos(last ?? 0n),
    series,
  };
}

function addRow(sums: Totals, row: MinuteRow): void {
  sums.allowed += Number(row.allowed);
  sums.denied += Number(row.denied);
  sums.passed += Number(row.passed);
  sums.staged += Number(row.staged);
}
