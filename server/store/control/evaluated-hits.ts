import type Database from 'better-sqlite3';
import type { Direction, PolicyRef } from '../../core/flow.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import {
  addCounts,
  NO_COUNTS,
  packMinutes,
  unpackMinutes,
  type MinuteCounts,
} from './evaluated-minutes.ts';

/** What evaluated hits are counted by. */
export type EvaluatedRule = {
  /** Kind and name are empty for decisions that are nobody's; `rule` then says why. */
  readonly policy: PolicyRef;
  readonly direction: Direction;
  /**
   * Where the rule stands in the manifest, `spec.ingress[1]`. Empty: the policy as a whole, each decision once however
   * many of its rules match. `default`: none of its rules matched. Else a word for why it is open.
   */
  readonly rule: string;
  /** The record names the policy, whose hit is counted as reported: only the rule was found by weighing. */
  readonly named: boolean;
};

export const WHOLE_POLICY = '';
export const BY_DEFAULT = 'default';

/** Stands for whoever decided, where nobody can say. */
export const NOBODY: PolicyRef = { kind: '', namespace: '', name: '', tier: '' };

export type EvaluatedCell = EvaluatedRule &
  MinuteCounts & {
    /** Minutes since 1970. */
    readonly minute: number;
    /** As near as is known, and inside the minute. */
    readonly firstAt: EpochNanos;
    readonly lastAt: EpochNanos;
  };

/** How far flows were weighed. */
export type EvaluationMark = {
  /** Sequence number of the last flow that was. */
  readonly seq: number;
  /** When it began: what was committed long before was never weighed. 0: nothing was. */
  readonly since: EpochNanos;
  /** All that was committed until then is weighed. */
  readonly until: EpochNanos;
  /** Clusters whose agents tell policy verdicts. */
  readonly verdictsOf: readonly string[];
};

/** What one step of the weighing found. */
export type EvaluatedStep = {
  /** The flows after this one were weighed, up to that of the mark. */
  readonly after: number;
  readonly cells: readonly EvaluatedCell[];
  readonly mark: EvaluationMark;
};

/** Hits found by weighing, beside the reported ones. Calls take milliseconds and throw where the file cannot be used. */
export type EvaluatedHits = {
  mark(): EvaluationMark | undefined;
  /** Begins anew after a flow; what is counted stays. */
  begin(mark: EvaluationMark): void;
  /**
   * Adds the counts and moves the mark, as one. Answers `false`, and adds nothing, where the mark stands elsewhere than
   * where the step began: then it was counted before.
   */
  add(step: EvaluatedStep): boolean;
  /** Deletes some of the hours that ended before; answers how many. */
  prune(before: EpochNanos): number;
};

const MINUTES_AN_HOUR = 60;
const HOUR = 3_600n * 1_000_000_000n;
/** Each of these commits takes some milliseconds of the process that serves the page. */
const PRUNED_AT_ONCE = 500;

type MarkRow = {
  readonly seq: bigint;
  readonly since_at: bigint;
  readonly until_at: bigint;
  readonly verdicts_of: string;
};

export function createEvaluatedHits(db: Database.Database): EvaluatedHits {
  const selectMark = db
    .prepare<[], MarkRow>('SELECT seq, since_at, until_at, verdicts_of FROM evaluated_mark')
    .safeIntegers();
  const saveMark = db.prepare(
    'INSERT OR REPLACE INTO evaluated_mark (id, seq, since_at, until_at, verdicts_of) VALUES (1, ?, ?, ?, ?)',
  );
  const addHour = createHourAdder(db);
  const doomed = db
    .prepare<[number], { rule_id: bigint; hour: bigint }>(
      `SELECT rule_id, hour FROM evaluated_hours WHERE hour < ? ORDER BY hour LIMIT ${PRUNED_AT_ONCE}`,
    )
    .safeIntegers();
  const removeHour = db.prepare('DELETE FROM evaluated_hours WHERE rule_id = ? AND hour = ?');
  const removeRule = db.prepare(
    `DELETE FROM evaluated_rules WHERE id = :id
     AND NOT EXISTS (SELECT 1 FROM evaluated_hours WHERE rule_id = :id)`,
  );

  const mark = (): EvaluationMark | undefined => {
    const row = selectMark.get();
    return row === undefined ? undefined : markOf(row);
  };
  const begin = ({ seq, since, until, verdictsOf }: EvaluationMark): void => {
    saveMark.run(seq, since, until, JSON.stringify(verdictsOf));
  };
  const add = db.transaction((step: EvaluatedStep): boolean => {
    if (mark()?.seq !== step.after) return false;
    for (const cells of byRuleAndHour(step.cells)) addHour(cells);
    begin(step.mark);
    return true;
  });
  const prune = db.transaction((before: EpochNanos): number => {
    const rows = doomed.all(Number(before / HOUR));
    for (const { rule_id, hour } of rows) removeHour.run(rule_id, hour);
    for (const id of new Set(rows.map((row) => row.rule_id))) removeRule.run({ id });
    return rows.length;
  });
  return {
    mark,
    begin,
    add: (step) => add.immediate(step),
    prune: (before) => prune.immediate(before),
  };
}

const markOf = ({ seq, since_at, until_at, verdicts_of }: MarkRow): EvaluationMark => ({
  seq: Number(seq),
  since: nanos(since_at),
  until: nanos(until_at),
  verdictsOf: JSON.parse(verdicts_of) as readonly string[],
});

type HourCells = {
  readonly rule: EvaluatedRule;
  readonly hour: number;
  readonly cells: readonly EvaluatedCell[];
};

function byRuleAndHour(cells: readonly EvaluatedCell[]): readonly HourCells[] {
  const groups = Map.groupBy(cells, ({ policy, direction, rule, named, minute }) =>
    JSON.stringify([policy, direction, rule, named, hourOf(minute)]),
  );
  return [...groups.values()].flatMap((own) => {
    const [first] = own;
    return first === undefined ? [] : [{ rule: first, hour: hourOf(first.minute), cells: own }];
  });
}

const hourOf = (minute: number): number => Math.floor(minute / MINUTES_AN_HOUR);

/** Adds what was counted of a rule in an hour to what is there; inside a transaction. */
function createHourAdder(db: Database.Database): (hour: HourCells) => void {
  const insertRule = db.prepare(
    `INSERT OR IGNORE INTO evaluated_rules (kind, namespace, name, tier, direction, rule, named)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const selectRule = db
    .prepare<unknown[], number>(
      `SELECT id FROM evaluated_rules WHERE kind = ? AND namespace = ? AND name = ? AND tier = ?
       AND direction = ? AND rule = ? AND named = ?`,
    )
    .pluck();
  const selectMinutes = db
    .prepare<[number, number], Buffer>(
      'SELECT minutes FROM evaluated_hours WHERE rule_id = ? AND hour = ?',
    )
    .pluck();
  const addRow = db.prepare(
    `INSERT INTO evaluated_hours
       (rule_id, hour, minutes, allowed, denied, staged, shared, first_hit, last_hit)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET
       minutes = excluded.minutes, allowed = allowed + excluded.allowed,
       denied = denied + excluded.denied, staged = staged + excluded.staged,
       shared = shared + excluded.shared,
       first_hit = min(first_hit, excluded.first_hit), last_hit = max(last_hit, excluded.last_hit)`,
  );
  const idOf = ({ policy, direction, rule, named }: EvaluatedRule): number => {
    const { kind, namespace, name, tier } = policy;
    const key = [kind, namespace, name, tier, direction, rule, named ? 1 : 0];
    insertRule.run(key);
    const id = selectRule.get(key);
    if (id === undefined) throw new Error('a rule that was just kept is not there');
    return id;
  };
  return ({ rule, hour, cells }) => {
    const id = idOf(rule);
    const held = selectMinutes.get(id, hour);
    const minutes = held === undefined ? new Map<number, MinuteCounts>() : unpackMinutes(held);
    let sum = NO_COUNTS;
    let [first, last] = [cells[0]?.firstAt ?? 0n, cells[0]?.lastAt ?? 0n];
    for (const cell of cells) {
      const minute = cell.minute % MINUTES_AN_HOUR;
      minutes.set(minute, addCounts(minutes.get(minute) ?? NO_COUNTS, cell));
      sum = addCounts(sum, cell);
      if (cell.firstAt < first) first = cell.firstAt;
      if (cell.lastAt > last) last = cell.lastAt;
    }
    const { allowed, denied, staged, shared } = sum;
    addRow.run(id, hour, packMinutes(minutes), allowed, denied, staged, shared, first, last);
  };
}
