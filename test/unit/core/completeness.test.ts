import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assess,
  LEDGER_LAG,
  type GapTotal,
  type LedgerFacts,
  type LedgerSpan,
} from '../../../server/core/completeness.ts';
import { missingWords, shareWords } from '../../../server/core/completeness-words.ts';
import { shareOf, subtract, union } from '../../../server/core/spans.ts';
import { nanos, NANOS_PER_SECOND } from '../../../server/core/time.ts';

const at = (seconds: number) => nanos(BigInt(seconds) * NANOS_PER_SECOND);
const RANGE = { from: at(1_000), to: at(2_000) };
const NOW = { now: at(2_000) };

const span = (
  kind: LedgerSpan['kind'],
  from: number,
  to: number,
  more: Partial<LedgerSpan> = {},
): LedgerSpan => ({
  origin: 'east',
  node: '',
  kind,
  from: at(from),
  to: at(to),
  value: 0n,
  ...more,
});

const lost = (reason: string, count: bigint, node = 'n1'): GapTotal => ({
  origin: 'east',
  node,
  kind: 'lost',
  reason,
  gaps: 1,
  count,
});

const facts = (more: Partial<LedgerFacts> = {}): LedgerFacts => ({
  spans: [span('expected', 0, 2_000), span('watched', 0, 2_000)],
  gaps: [],
  unwatched: [],
  ...more,
});

describe('the verdict on a range', () => {
  test('is complete where each source was read all the time and lost nothing', () => {
    expect(assess(facts(), RANGE, NOW)).toMatchObject({
      verdict: 'complete',
      watched: 1,
      lost: 0n,
      gaps: 0,
      sources: [{ origin: 'east', verdict: 'complete' }],
    });
  });

  test('is unknown where nothing was watched, and for the time before it was', () => {
    const none = { spans: [], gaps: [], unwatched: [] };
    expect(assess(none, RANGE, NOW)).toMatchObject({ verdict: 'unknown', watched: 0, sources: [] });
    const late = facts({ spans: [span('expected', 1_500, 2_000), span('watched', 1_500, 2_000)] });
    expect(assess(late, RANGE, NOW)).toMatchObject({ verdict: 'unknown', watched: 0.5 });
  });

  test('is a lower bound where a source was configured and not read, before any gap is told', () => {
    const down = facts({ spans: [span('expected', 0, 2_000), span('watched', 0, 1_485)] });
    expect(assess(down, RANGE, NOW)).toMatchObject({ verdict: 'lower-bound', watched: 0.5 });
  });

  test('is a lower bound after a loss, which is told by its stage', () => {
    const { verdict, sources, ...told } = assess(
      facts({
        gaps: [
          lost('HUBBLE_RING_BUFFER', 2n ** 64n),
          lost('PERF_EVENT_RING_BUFFER', 5n, 'n2'),
          lost('dropwise overload', 1n, ''),
          lost('dropwise overload, drops too', 1n, ''),
        ],
      }),
      RANGE,
      NOW,
    );
    expect({ verdict, ...told }).toMatchObject({ verdict: 'lower-bound', lost: 2n ** 64n + 7n });
    expect(sources[0]).toMatchObject({
      nodes: ['n1', 'n2'],
      byStage: [
        { stage: 'kernel-ring', count: 5n },
        { stage: 'hubble-ring', count: 2n ** 64n },
        { stage: 'overload', count: 2n },
      ],
    });
  });

  test('is a lower bound where retention removed part of the range', () => {
    const removedBefore = at(1_200);
    expect(assess(facts(), RANGE, { ...NOW, removedBefore })).toMatchObject({
      verdict: 'lower-bound',
      removedBefore,
    });
    expect(assess(facts(), { ...RANGE, from: at(1_300) }, { ...NOW, removedBefore })).toMatchObject(
      {
        verdict: 'complete',
        removedBefore: undefined,
      },
    );
  });

  test('is unknown where records could not be read', () => {
    const spans = [...facts().spans, span('rejected', 1_500, 1_500, { value: 3n })];
    expect(assess(facts({ spans }), RANGE, NOW)).toMatchObject({ verdict: 'unknown', rejected: 3 });
  });

  test('is not lowered by aggregation, which is told', () => {
    const spans = [
      ...facts().spans,
      span('aggregated', 0, 1_900, { value: 30n * NANOS_PER_SECOND }),
    ];
    expect(assess(facts({ spans }), RANGE, NOW)).toMatchObject({
      verdict: 'complete',
      aggregated: true,
      sources: [{ aggregatedMs: 30_000 }],
    });
  });

  test('is that of the worst source, which stands first', () => {
    const spans = [...facts().spans, span('expected', 0, 2_000, { origin: 'west' })];
    expect(assess(facts({ spans }), RANGE, NOW)).toMatchObject({
      verdict: 'lower-bound',
      watched: 0,
      sources: [
        { origin: 'west', verdict: 'lower-bound' },
        { origin: 'east', verdict: 'complete' },
      ],
    });
  });

  test('does not miss what the next line of the ledger will tell, nor the future', () => {
    const now = nanos(at(2_000) + LEDGER_LAG);
    expect(assess(facts(), { from: at(1_000), to: at(9_000) }, { now }).verdict).toBe('complete');
    const later = nanos(now + 1n);
    expect(assess(facts(), { from: at(1_000), to: at(9_000) }, { now: later }).verdict).not.toBe(
      'complete',
    );
  });
});

describe('spans', () => {
  const moment = fc.integer({ min: 0, max: 40 });
  const anySpans = fc.array(
    fc
      .tuple(moment, moment)
      .map(([from, to]) => ({ from: nanos(BigInt(from)), to: nanos(BigInt(to)) })),
    { maxLength: 8 },
  );
  const has = (spans: readonly { from: bigint; to: bigint }[], time: bigint): boolean =>
    spans.some(({ from, to }) => time >= from && time < to);

  test('joined or taken from each other hold the moments that they should', () => {
    fc.assert(
      fc.property(anySpans, anySpans, (some, others) => {
        for (let time = 0n; time < 41n; time++) {
          expect(has(union(some), time)).toBe(has(some, time));
          expect(has(subtract(some, others), time)).toBe(has(some, time) && !has(others, time));
        }
        const covered = Array.from({ length: 40 }, (_, time) => has(some, BigInt(time)));
        const share = shareOf(some, { from: nanos(0n), to: nanos(40n) });
        expect(share).toBeCloseTo(covered.filter(Boolean).length / 40);
      }),
    );
  });
});

test('what is missing is told in words, and a share never rounds to the whole', () => {
  const gaps = [lost('HUBBLE_RING_BUFFER', 1_620n)];
  const told = assess(
    facts({ gaps, unwatched: [{ origin: 'east', from: at(1_000), to: at(1_020) }] }),
    RANGE,
    NOW,
  );
  expect(missingWords(told)).toBe(
    "1,620 events were lost in the node's Hubble ring; 98% of the time was watched",
  );
  expect([1, 0.999_999, 0.98, 0.000_01, 0].map(shareWords)).toEqual([
    '100%',
    '99.9%',
    '98%',
    '0.1%',
    '0%',
  ]);
});
