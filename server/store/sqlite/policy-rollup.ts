import type { Direction, Flow, PolicyHit } from '../../core/flow.ts';
import { hitCounts } from '../../core/hit-counts.ts';
import { NO_HITS, type HitKind } from '../../core/hit-series.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import type { PolicyHitQuery, PolicyHitRow } from '../flow-store.ts';
import type { Connection } from './database.ts';
import { createPolicyHours, hourOf, MINUTES_AN_HOUR } from './policy-hours.ts';
import { addPacked, createSums, NANOS_PER_MINUTE, totalsOf, type Sums } from './policy-sums.ts';

/** Hit counts per minute and rule, committed with the flows that they count. */
export type PolicyRollup = {
  /** Inside the transaction that commits the flows; all of one source. */
  add(origin: string, flows: readonly Flow[]): void;
  /**
   * Counts of the minutes that the window touches: its first and last minute are counted whole. A minute
   * belongs to the bucket in which it begins.
   */
  read(query: PolicyHitQuery): readonly PolicyHitRow[];
  /** Packs an hour that needs it. Not inside a transaction. */
  pack(): void;
  /** Deletes minutes that ended by then. */
  prune(before: EpochNanos): void;
};

type Cell = Record<HitKind, number> & {
  readonly minute: bigint;
  readonly hit: PolicyHit;
  first: bigint;
  last: bigint;
};

type MinuteRow = Record<HitKind | 'minute' | 'rule_id', number>;

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
  // Totals of sources are added here and times are asked for apart: a row is then six small numbers.
  const selectMinutes = db.prepare<[number, number], MinuteRow>(
    `SELECT minute, rule_id, allowed, denied, passed, staged FROM policy_minutes
     WHERE minute >= ? AND minute <= ? ORDER BY minute, rule_id`,
  );
  const hitTime = (sql: string) =>
    db
      .prepare<[number, number], EpochNanos>(
        `SELECT ${sql} FROM policy_minutes WHERE minute = ? AND rule_id = ?`,
      )
      .safeIntegers()
      .pluck();
  const selectFirst = hitTime('min(first_hit)');
  const selectLast = hitTime('max(last_hit)');
  const hours = createPolicyHours(db);
  const deleteMinutes = db.prepare('DELETE FROM policy_minutes WHERE minute < ?');

  const ruleId = ({ policy: { kind, namespace, name, tier }, direction, rule }: PolicyHit) => {
    insertRule.run(kind, namespace, name, tier, direction, rule);
    return selectRuleId.get(kind, namespace, name, tier, direction, rule);
  };

  /** Hour by hour, since those that are packed need no rows. */
  const addMinutes = (sums: Sums, from: number, to: number): void => {
    let unpackedFrom = from;
    const addRows = (until: number): void => {
      if (unpackedFrom >= until) return;
      for (const row of selectMinutes.all(unpackedFrom, until - 1))
        sums.add(row.minute, row.rule_id, row);
    };
    for (const packed of hours.read(hourOf(from), hourOf(to))) {
      const first = packed.hour * MINUTES_AN_HOUR;
      addRows(first);
      unpackedFrom = Math.max(from, first + MINUTES_AN_HOUR);
      addPacked(sums, packed, { from, to });
    }
    addRows(to + 1);
  };

  const read = (query: PolicyHitQuery): readonly PolicyHitRow[] => {
    const { from, to } = query.within;
    if (to <= from) return [];
    const sums = createSums(query);
    addMinutes(sums, Number(minuteOf(from)), Number(minuteOf(to - 1n)));
    const rules = new Map(selectRules.all().map((rule) => [rule.id, rule]));
    return [...sums.byRule].flatMap(([id, hits]) => {
      const rule = rules.get(id);
      if (rule === undefined) return [];
      const { kind, namespace, name, tier, direction } = rule;
      const { series, firstMinute, lastMinute } = hits;
      return {
        policy: { kind, namespace, name, tier },
        direction,
        rule: rule.rule,
        totals: totalsOf(series),
        firstHit: selectFirst.get(firstMinute, id) ?? nanos(0n),
        lastHit: selectLast.get(lastMinute, id) ?? nanos(0n),
        series,
      };
    });
  };

  return {
    add(origin, flows) {
      const cells = [...cellsOf(flows)];
      hours.touch(new Set(cells.map(({ minute }) => hourOf(Number(minute)))));
      for (const cell of cells) {
        const { minute, hit, allowed, denied, passed, staged, first, last } = cell;
        addMinute.run(
          ...[minute, ruleId(hit), origin],
          ...[allowed, denied, passed, staged, first, last],
        );
      }
    },
    // One transaction, so that no minute that was counted is gone when its times are asked for.
    read: (query) => db.transaction(read)(query),
    pack: hours.packOne,
    prune(before) {
      deleteMinutes.run(minuteOf(before));
      hours.prune(minuteOf(before));
    },
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
