import type { Completeness } from '../core/completeness.ts';
import { AppError } from '../core/errors.ts';
import { nanos, type EpochNanos, type TimeWindow } from '../core/time.ts';
import type { Expression } from '../query/ast.ts';
import type { FlowReader, SummaryRow } from '../store/flow-store.ts';
import { completenessOf } from './completeness.ts';

/**
 * `undecided`: counted in one window, and in the other among the many that were not told apart, or nowhere; which of
 * both is not known.
 */
export type Change = 'new' | 'gone' | 'changed' | 'same' | 'undecided';

/** What one window says of a group. */
export type Figures = Pick<SummaryRow, 'records' | 'events' | 'firstAt' | 'lastAt'> & {
  readonly perHour: number;
};

export type ComparedRow = {
  readonly keys: readonly string[];
  readonly change: Exclude<Change, 'same'>;
  /** `undefined` where the window has none, or where it is `undecided`. */
  readonly current: Figures | undefined;
  readonly baseline: Figures | undefined;
  /** Rate now by rate then; `undefined` unless both are there and the latter is above 0. */
  readonly ratio: number | undefined;
};

export type ComparedWindow = {
  readonly within: TimeWindow;
  readonly records: number;
  readonly events: number;
  readonly perHour: number;
  /** How completely it was recorded: what is new or gone may only have been missed. */
  readonly completeness: Completeness;
};

export type Comparison = {
  /** The greatest difference of rates first. */
  readonly rows: readonly ComparedRow[];
  /** All groups by what became of them, with those that `top` left out. */
  readonly changes: Readonly<Record<Change, number>>;
  readonly current: ComparedWindow;
  readonly baseline: ComparedWindow;
  readonly head: number;
};

export type CompareOptions = {
  readonly where: Expression | undefined;
  readonly by: readonly string[];
  readonly current: TimeWindow;
  /** What it is compared with. */
  readonly baseline: TimeWindow;
  readonly top: number;
  readonly now: EpochNanos;
  readonly signal?: AbortSignal;
};

/** Groups of a window that are told apart; those with fewer events are undecided where the other window has them. */
const MAX_COMPARED = 10_000;

const NANOS_PER_HOUR = 3_600_000_000_000;

/** What is new, gone or at another rate in one window, against another. Both are counted up to one flow. */
export async function compare(reader: FlowReader, options: CompareOptions): Promise<Comparison> {
  const { where, by, top, now, signal } = options;
  for (const { from, to } of [options.current, options.baseline]) {
    if (from >= to) throw new AppError('bad-time', 'a window to compare has no length');
  }
  const question = { where, by, buckets: 1, top: MAX_COMPARED };
  const count = async (within: TimeWindow, asOf: number | undefined) => {
    const bounds = { within, ...(asOf === undefined ? {} : { asOf }) };
    const summary = await reader.summarize({
      ...{ ...question, ...bounds },
      ...(signal === undefined ? {} : { signal }),
    });
    const completeness = await completenessOf(reader, within, { now, of: 'flows' });
    return { head: summary.head, counted: { within, rows: summary.rows }, completeness };
  };
  const current = await count(options.current, undefined);
  const { head } = current;
  const baseline = await count(options.baseline, head);
  const { rows, changes } = compareRows(current.counted, baseline.counted);
  return {
    rows: rows.slice(0, top),
    changes,
    current: { ...totalOf(current.counted), completeness: current.completeness },
    baseline: { ...totalOf(baseline.counted), completeness: baseline.completeness },
    head,
  };
}

/** A window and what was counted in it; a row without keys holds what was not told apart. */
export type CountedWindow = {
  readonly within: TimeWindow;
  readonly rows: readonly SummaryRow[];
};

/** Rows that differ, the greatest difference of rates first, and how many of each kind there are. */
export function compareRows(
  current: CountedWindow,
  baseline: CountedWindow,
): Pick<Comparison, 'rows' | 'changes'> {
  const [ours, theirs] = [tell(current), tell(baseline)];
  const names = new Set([...ours.groups.keys(), ...theirs.groups.keys()]);
  const changes = { new: 0, gone: 0, changed: 0, same: 0, undecided: 0 };
  const rows: ComparedRow[] = [];
  for (const name of names) {
    const [now, then] = [ours.groups.get(name), theirs.groups.get(name)];
    const change = changeOf(now, then, { ours, theirs });
    changes[change]++;
    const keys = (now ?? then)?.keys ?? [];
    if (change === 'same') continue;
    const [a, b] = [now?.figures, then?.figures];
    const ratio = a === undefined || b === undefined ? undefined : ratioOf(a.perHour, b.perHour);
    rows.push({ keys, change, current: a, baseline: b, ratio });
  }
  const difference = (row: ComparedRow): number =>
    Math.abs((row.current?.perHour ?? 0) - (row.baseline?.perHour ?? 0));
  rows.sort((a, b) => difference(b) - difference(a) || compareKeys(a.keys, b.keys));
  return { rows, changes };
}

type Told = {
  readonly length: bigint;
  readonly groups: ReadonlyMap<string, Group>;
  /** Every group has a row. */
  readonly all: boolean;
};

function tell({ within, rows }: CountedWindow): Told {
  const hours = hoursOf(within);
  const groups = new Map<string, Group>();
  for (const row of rows) {
    // A summary by no field has a row even when there is nothing.
    if (row.keys === undefined || row.records === 0) continue;
    const { keys, records, events, firstAt, lastAt } = row;
    const figures = { records, events, perHour: events / hours, firstAt, lastAt };
    groups.set(JSON.stringify(keys), { keys, figures });
  }
  return {
    length: within.to - within.from,
    groups,
    all: rows.every(({ keys }) => keys !== undefined),
  };
}

type Group = { readonly keys: readonly string[]; readonly figures: Figures };

function changeOf(
  now: Group | undefined,
  then: Group | undefined,
  { ours, theirs }: { readonly ours: Told; readonly theirs: Told },
): Change {
  if (now === undefined) return ours.all ? 'gone' : 'undecided';
  if (then === undefined) return theirs.all ? 'new' : 'undecided';
  // Multiplied out, since equal rates over unequal times need not be equal as quotients.
  const same =
    BigInt(now.figures.events) * theirs.length === BigInt(then.figures.events) * ours.length;
  return same ? 'same' : 'changed';
}

const ratioOf = (now: number, then: number): number | undefined =>
  then === 0 ? undefined : now / then;

function totalOf({ within, rows }: CountedWindow): Omit<ComparedWindow, 'completeness'> {
  const sum = (read: (row: SummaryRow) => number): number =>
    rows.reduce((total, row) => total + read(row), 0);
  const events = sum((row) => row.events);
  return { within, records: sum((row) => row.records), events, perHour: events / hoursOf(within) };
}

const hoursOf = ({ from, to }: TimeWindow): number => Number(to - from) / NANOS_PER_HOUR;

function compareKeys(a: readonly string[], b: readonly string[]): number {
  const place = a.findIndex((key, at) => key !== b[at]);
  return place < 0 ? 0 : (a[place] ?? '') < (b[place] ?? '') ? -1 : 1;
}

/** The window of the same length right before. */
export const windowBefore = ({ from, to }: TimeWindow): TimeWindow => ({
  from: nanos(from - (to - from)),
  to: from,
});
