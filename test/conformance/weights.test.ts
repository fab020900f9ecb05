import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow, StoredFlow } from '../../server/core/flow.ts';
import { hitCounts } from '../../server/core/hit-counts.ts';
import { nanos } from '../../server/core/time.ts';
import { VERDICT_KINDS, type VerdictKind } from '../../server/core/verdict.ts';
import { createLiveHub } from '../../server/live/hub.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import { anyExpression } from '../support/arbitrary.ts';
import { ALL_TIME, anyBatches, engines } from '../support/flow-stores.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';

const WORD: Readonly<Record<VerdictKind, string>> = {
  allowed: 'forwarded',
  dropped: 'dropped',
  audit: 'audited',
  error: 'error',
  unknown: 'unknown',
};

const eventsOf = (flows: readonly Pick<Flow, 'counts'>[]): number =>
  flows.reduce((sum, { counts }) => sum + counts.events, 0);

/** Counts by verdict, without the kinds of which there is none. */
const byKind = (count: (kind: VerdictKind) => number) =>
  Object.fromEntries(
    VERDICT_KINDS.map((kind) => [kind, count(kind)] as const).filter(([, n]) => n > 0),
  );

describe.each(engines)('$name', (engine) => {
  test('what a record stands for is its weight in summaries, their series and live ticks alike', async () => {
    const anyWhere = fc.option(anyExpression, { nil: undefined });
    await fc.assert(
      fc.asyncProperty(anyBatches, anyWhere, async (batches, where) => {
        await using opened = await engine.open({ small: true });
        const hub = createLiveHub({ nowMs: () => 0 });
        const condition = compileQuery(where);
        using viewer = hub.subscribe({ text: '', condition }, { capacity: 1, allowedPerSecond: 1 });
        const stored: StoredFlow[] = [];
        for (const batch of batches) {
          const { firstSeq, blocks, flows } = await opened.store.append(batchOf(batch));
          flows.forEach((flow, row) => stored.push({ ...flow, seq: firstSeq + row }));
          hub.publish({ head: firstSeq + flows.length - 1, blocks, gaps: [], untold: 0 });
        }
        const found = stored.filter(matches(condition));
        const of = (kind: VerdictKind) => found.filter(({ verdict }) => verdict.kind === kind);
        const events = byKind((kind) => eventsOf(of(kind)));

        const { rows } = await opened.store.summarize({
          where,
          within: ALL_TIME,
          by: ['verdict'],
          buckets: 4,
          top: 10,
        });
        const row = (kind: VerdictKind) => rows.find(({ keys }) => keys?.[0] === WORD[kind]);
        expect(byKind((kind) => row(kind)?.events ?? 0)).toEqual(events);
        expect(byKind((kind) => row(kind)?.records ?? 0)).toEqual(
          byKind((kind) => of(kind).length),
        );
        for (const { series, events: total } of rows) {
          expect(series.reduce((sum, count) => sum + count, 0)).toBe(total);
        }

        const { counts, records, byOrigin } = viewer.take({ rows: 'none' });
        expect(byKind((kind) => counts[kind])).toEqual(events);
        expect(byKind((kind) => records[kind])).toEqual(byKind((kind) => of(kind).length));
        expect(Object.values(byOrigin).reduce((sum, count) => sum + count, 0)).toBe(
          eventsOf(found),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('an aggregate weighs what it stands for among drops and policy hits', async () => {
    await using opened = await engine.open();
    const { counts } = aFlow();
    const hits: Flow['hits'] = [
      {
        policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'db', tier: 'default' },
        direction: 'ingress',
        action: 'deny',
        stage: 'enforced',
        matched: 'rule',
        rule: 0,
      },
    ];
    const hubble = aDrop({
      event: 'policy-verdict',
      direction: 'ingress',
      hits,
      counts: { ...counts, events: 12 },
    });
    const calico = aDrop({
      event: 'flow-log',
      direction: 'ingress',
      hits,
      counts: { ...counts, events: 30, connections: 30 },
    });
    await opened.store.append(batchOf([hubble, calico]));
    const within = { from: nanos(hubble.observedAt - 1n), to: nanos(calico.observedAt + 1n) };
    const { groups } = await opened.store.dropGroups({ where: undefined, within, top: 5 });
    expect(groups.map(({ count }) => count)).toEqual([42]);
    const [policy] = await opened.store.policyHits({ within, buckets: 1 });
    expect(policy?.totals.denied).toBe(42);
    expect([hubble, calico].flatMap(hitCounts).map(({ count }) => count)).toEqual([12, 30]);
  });
});
