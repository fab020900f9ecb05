import { lossStage, LOSS_STAGES, type LossStage } from './loss-stage.ts';
import { shareOf, subtract } from './spans.ts';
import { NANOS_PER_SECOND, nanos, type EpochNanos, type TimeWindow } from './time.ts';

/** One line of the completeness ledger. `node` is empty for the whole source. */
export type LedgerSpan = {
  readonly origin: string;
  readonly node: string;
  /** `expected`: the source was configured. `watched`: it was read. The others as `value` says. */
  readonly kind: 'expected' | 'watched' | 'aggregated' | 'skewed' | 'rejected';
  readonly from: EpochNanos;
  readonly to: EpochNanos;
  /** Aggregated: nanoseconds of the longest window, 0 when not told. Skewed: milliseconds. Rejected: records. */
  readonly value: bigint;
};

/** Gaps of one source, node, kind and reason in a window, added up. */
export type GapTotal = {
  readonly origin: string;
  readonly node: string;
  readonly kind: 'lost' | 'unwatched';
  readonly reason: string;
  readonly gaps: number;
  /** Σ of their counts; 0 for what nobody counted. Gaps that reach out of the window count whole. */
  readonly count: bigint;
};

export type UnwatchedSpan = { readonly origin: string } & TimeWindow;

/** What the store knows of how completely a window was recorded. */
export type LedgerFacts = {
  readonly spans: readonly LedgerSpan[];
  readonly gaps: readonly GapTotal[];
  /** The `unwatched` gaps, newest 10,000. */
  readonly unwatched: readonly UnwatchedSpan[];
};

/** What an answer is made of: retention keeps each apart. `policy-hits` outlive the flows that they count. */
export type AnswerKind = 'flows' | 'drops' | 'policy-hits';

/**
 * `complete`: every source was read all the time and lost nothing that anybody knows of. `lower-bound`: something is
 * known to be missing, so counts may be too low and an empty answer proves nothing. `unknown`: nothing is known to be
 * missing, but part of the range lies outside of what was watched, or records could not be read.
 */
export type CompletenessVerdict = 'complete' | 'lower-bound' | 'unknown';

export type SourceCompleteness = {
  readonly origin: string;
  readonly verdict: CompletenessVerdict;
  /** Share of the range, 0 to 1, in which the source and all its nodes were watched. */
  readonly watched: number;
  /** Σ of `byStage`. */
  readonly lost: bigint;
  /** Counted losses in order of the way that events take; stages without one are left out. */
  readonly byStage: readonly { readonly stage: LossStage; readonly count: bigint }[];
  readonly gaps: number;
  /** Nodes that lost something or were not watched. */
  readonly nodes: readonly string[];
  readonly rejected: number;
  /** Longest window of aggregated records, 0 when they do not tell; `undefined` where none is aggregated. */
  readonly aggregatedMs: number | undefined;
  /** The clock that was furthest off. */
  readonly skew: { readonly node: string; readonly ms: number } | undefined;
};

export type Completeness = {
  readonly verdict: CompletenessVerdict;
  /** Share of the range in which every source and node was watched; 0 where nothing is known. */
  readonly watched: number;
  readonly lost: bigint;
  readonly gaps: number;
  readonly rejected: number;
  readonly aggregated: boolean;
  /** Retention removed some of what was observed before, and the range reaches there. */
  readonly removedBefore: EpochNanos | undefined;
  /** Every source that was configured, read or lossy in the range; the least complete first. */
  readonly sources: readonly SourceCompleteness[];
};

/** The ledger is written every few seconds: so much at its end is not taken for a hole. */
export const LEDGER_LAG = 15n * NANOS_PER_SECOND;

/** Judges a window. What lies after `now` is not missed yet; before `removedBefore`, retention removed some. */
export function assess(
  facts: LedgerFacts,
  within: TimeWindow,
  {
    now,
    removedBefore,
  }: { readonly now: EpochNanos; readonly removedBefore?: EpochNanos | undefined },
): Completeness {
  const range = { from: within.from, to: within.to < now ? within.to : now };
  const origins = new Set([...facts.spans, ...facts.gaps].map(({ origin }) => origin));
  const judged = [...origins]
    .sort()
    .map((origin) => assessSource(ofOrigin(facts, origin), origin, range));
  const sources = judged
    .map(({ source }) => source)
    .sort((a, b) => RANK[a.verdict] - RANK[b.verdict]);
  const unseen = judged.flatMap(({ holes }) => holes);
  const isClipped = removedBefore !== undefined && removedBefore > range.from;
  return {
    verdict: isClipped ? 'lower-bound' : (sources[0]?.verdict ?? 'unknown'),
    removedBefore: isClipped ? removedBefore : undefined,
    watched: sources.length === 0 ? 0 : 1 - shareOf(unseen, range),
    lost: sources.reduce((sum, { lost }) => sum + lost, 0n),
    gaps: sources.reduce((sum, { gaps }) => sum + gaps, 0),
    rejected: sources.reduce((sum, { rejected }) => sum + rejected, 0),
    aggregated: sources.some(({ aggregatedMs }) => aggregatedMs !== undefined),
    sources,
  };
}

const RANK: Readonly<Record<CompletenessVerdict, number>> = {
  'lower-bound': 0,
  unknown: 1,
  complete: 2,
};

const ofOrigin = (facts: LedgerFacts, origin: string): LedgerFacts => {
  const isIts = (line: { readonly origin: string }): boolean => line.origin === origin;
  return {
    spans: facts.spans.filter(isIts),
    gaps: facts.gaps.filter(isIts),
    unwatched: facts.unwatched.filter(isIts),
  };
};

function assessSource(
  { spans, gaps, unwatched }: LedgerFacts,
  origin: string,
  range: TimeWindow,
): { readonly source: SourceCompleteness; readonly holes: readonly TimeWindow[] } {
  const of = (kind: LedgerSpan['kind']): readonly LedgerSpan[] =>
    spans.filter((span) => span.kind === kind);
  // What was read a moment ago is being read: the next line of the ledger will say so.
  const read = of('watched').map(({ from, to }) => ({ from, to: nanos(to + LEDGER_LAG) }));
  // A source that was connecting for a moment reads what it missed, where it can.
  const nearly = read.map(({ from, to }) => ({ from: nanos(from - LEDGER_LAG), to }));
  const missing = [...subtract(of('expected'), nearly), ...unwatched];
  const holes = [...subtract([range], read), ...unwatched];
  const byStage = stagesOf(gaps);
  const lost = byStage.reduce((sum, { count }) => sum + count, 0n);
  const rejected = of('rejected').reduce((sum, { value }) => sum + Number(value), 0);
  const aggregated = of('aggregated');
  const isLower = lost > 0n || gaps.length > 0 || shareOf(missing, range) > 0;
  const isUnknown = rejected > 0 || shareOf(holes, range) > 0;
  return {
    holes,
    source: {
      origin,
      verdict: isLower ? 'lower-bound' : isUnknown ? 'unknown' : 'complete',
      watched: 1 - shareOf(holes, range),
      lost,
      byStage,
      gaps: gaps.reduce((sum, total) => sum + total.gaps, 0),
      nodes: [...new Set(gaps.map(({ node }) => node).filter((node) => node !== ''))].sort(),
      rejected,
      aggregatedMs:
        aggregated.length === 0
          ? undefined
          : Number(
              aggregated.reduce((most, { value }) => (value > most ? value : most), 0n) /
                1_000_000n,
            ),
      skew: worstSkew(of('skewed')),
    },
  };
}

function stagesOf(gaps: readonly GapTotal[]): SourceCompleteness['byStage'] {
  const counts = new Map<LossStage, bigint>();
  for (const { reason, count } of gaps) {
    const stage = lossStage(reason);
    counts.set(stage, (counts.get(stage) ?? 0n) + count);
  }
  return LOSS_STAGES.flatMap((stage) => {
    const count = counts.get(stage) ?? 0n;
    return count === 0n ? [] : [{ stage, count }];
  });
}

function worstSkew(spans: readonly LedgerSpan[]): SourceCompleteness['skew'] {
  let worst: SourceCompleteness['skew'];
  for (const { node, value } of spans) {
    const ms = Number(value);
    if (worst === undefined || Math.abs(ms) > Math.abs(worst.ms)) worst = { node, ms };
  }
  return worst;
}
