import type { PolicyRef } from '../../core/flow.ts';
import { NO_HITS, sumOfSeries, type HitSeries, type HitTotals } from '../../core/hit-series.ts';
import { formatTime, nanos, type EpochNanos, type TimeWindow } from '../../core/time.ts';
import type { AttributionJson, EvaluatedHitsJson } from '../../formats/api-json.ts';
import { NOBODY, WHOLE_POLICY } from '../../store/control/evaluated-hits.ts';
import type { EvaluatedReader, EvaluatedRow } from '../../store/control/read-evaluated.ts';
import type { PolicyHitQuery } from '../../store/flow-store.ts';
import { plus, sumOf } from '../policies/hit-sums.ts';
import { NO_HIT_SERIES_JSON, seriesJson } from '../policy-json.ts';
import { refText } from '../policies/policy-names.ts';

/** Evaluated hits of one policy in a range, in both ways. */
export type EvaluatedTotals = {
  readonly policy: PolicyRef;
  readonly totals: HitTotals;
  readonly shared: number;
  readonly firstHit: EpochNanos;
  readonly lastHit: EpochNanos;
  readonly series: HitSeries;
  /** By direction and rule, those whose policy is reported included. */
  readonly rows: readonly EvaluatedRow[];
};

/** What was evaluated, as answers about policies need it. */
export type EvaluatedFacts = {
  /** By `refText`: policies that were credited with hits that no record names. */
  readonly byPolicy: ReadonlyMap<string, EvaluatedTotals>;
  /** Rows of one policy from a whole minute on to the end of the range; each minute is asked for once. */
  rowsSince(from: EpochNanos, ref: PolicyRef): readonly EvaluatedRow[];
  /** In the window that `unused` is about, by `refText`. */
  readonly lastHits: ReadonlyMap<string, EpochNanos>;
  /** Nothing that was committed before is weighed; `undefined`: nothing is at all. */
  readonly since: EpochNanos | undefined;
  /** Some decisions of the window are nobody's. */
  readonly hasOpen: boolean;
  readonly attribution: AttributionJson;
};

export function evaluatedFacts(
  reader: EvaluatedReader,
  { within, buckets }: PolicyHitQuery,
  window: TimeWindow,
): EvaluatedFacts {
  const mark = reader.mark();
  const isBegun = mark !== undefined && mark.until > 0n;
  const rows = reader.read({ within, buckets });
  const lastHits = lastByPolicy(reader.lastHits(window));
  const asked = new Map<EpochNanos, ReadonlyMap<string, readonly EvaluatedRow[]>>();
  const since = (from: EpochNanos): ReadonlyMap<string, readonly EvaluatedRow[]> => {
    const known =
      asked.get(from) ?? byRef(reader.read({ within: { from, to: within.to }, buckets: 1 }));
    asked.set(from, known);
    return known;
  };
  const byPolicy = byRef(rows);
  asked.set(within.from, byPolicy);
  return {
    byPolicy: new Map(
      [...byPolicy].flatMap(([name, own]) => {
        const totals = name === refText(NOBODY) ? undefined : totalsOf(own);
        return totals === undefined ? [] : [[name, totals] as const];
      }),
    ),
    rowsSince: (from, ref) => since(from).get(refText(ref)) ?? [],
    lastHits,
    since: isBegun ? mark.since : undefined,
    hasOpen: lastHits.has(refText(NOBODY)),
    attribution: {
      since: isBegun && mark.since > 0n ? formatTime(mark.since) : null,
      until: isBegun ? formatTime(mark.until) : null,
      unattributed: unattributed(byPolicy.get(refText(NOBODY)) ?? []),
    },
  };
}

const byRef = (rows: readonly EvaluatedRow[]): ReadonlyMap<string, readonly EvaluatedRow[]> =>
  Map.groupBy(rows, ({ policy }) => refText(policy));

/** `undefined` where only rules of reported hits were found. */
function totalsOf(rows: readonly EvaluatedRow[]): EvaluatedTotals | undefined {
  const wholes = rows.filter(({ rule, named }) => rule === WHOLE_POLICY && !named);
  const [first] = wholes;
  if (first === undefined) return undefined;
  return {
    policy: first.policy,
    totals: sumOf(wholes),
    shared: wholes.reduce((sum, { shared }) => sum + shared, 0),
    firstHit: wholes.map(({ firstHit }) => firstHit).reduce((a, b) => (a < b ? a : b)),
    lastHit: wholes.map(({ lastHit }) => lastHit).reduce((a, b) => (a > b ? a : b)),
    series: sumOfSeries(wholes.map(({ series }) => series)),
    rows,
  };
}

function lastByPolicy(
  hits: ReturnType<EvaluatedReader['lastHits']>,
): ReadonlyMap<string, EpochNanos> {
  const last = new Map<string, EpochNanos>();
  for (const { policy, lastHit } of hits) {
    const key = refText(policy);
    last.set(key, nanos(maxOf(last.get(key) ?? 0n, lastHit)));
  }
  return last;
}

const maxOf = (one: bigint, other: bigint): bigint => (one > other ? one : other);

function unattributed(rows: readonly EvaluatedRow[]): AttributionJson['unattributed'] {
  const { allowed, denied, staged } = sumOf(rows);
  const byWhy = Map.groupBy(rows, ({ rule }) => rule);
  const why = [...byWhy].map(([word, own]) => {
    const totals = own.reduce((sum, row) => plus(sum, row.totals), NO_HITS);
    return { why: word, count: totals.allowed + totals.denied + totals.staged };
  });
  return { allowed, denied, staged, why: why.toSorted((a, b) => b.count - a.count) };
}

const NOTHING_EVALUATED_JSON: EvaluatedHitsJson = {
  totals: NO_HITS,
  shared: 0,
  firstHit: null,
  lastHit: null,
  series: NO_HIT_SERIES_JSON,
};

export const evaluatedJson = (evaluated: EvaluatedTotals | undefined): EvaluatedHitsJson =>
  evaluated === undefined
    ? NOTHING_EVALUATED_JSON
    : {
        ...{ totals: evaluated.totals, shared: evaluated.shared },
        firstHit: formatTime(evaluated.firstHit),
        lastHit: formatTime(evaluated.lastHit),
        series: seriesJson(evaluated.series),
      };
