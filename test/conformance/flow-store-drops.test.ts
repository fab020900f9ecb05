import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDropGrouper, dropTraits } from '../../server/core/drop-groups.ts';
import { growHistory, type DropHistory } from '../../server/core/drop-state.ts';
import type { Flow, StoredFlow } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { createLiveHub } from '../../server/live/hub.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import type { DropQuery } from '../../server/store/flow-store.ts';
import { anyExpression, anyFlow } from '../support/arbitrary.ts';
import { ALL_TIME, appendAll, engines, withoutRaw, seqsOf } from '../support/flow-stores.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';

const FROM = 1_769_904_000_000_000_000n;

/** Mostly drops, of few packets within two seconds, so that verdicts meet their drop events. */
const anyDrop: fc.Arbitrary<Flow> = fc
  .tuple(
    anyFlow,
    fc.constantFrom<Flow['event'][]>('policy-verdict', 'drop', 'drop', 'flow-log'),
    fc.integer({ min: 0, max: 20 }),
    fc.constantFrom(1, 2),
    fc.boolean(),
  )
  .map(([flow, event, tenths, sourcePort, sameEnds]) => {
    const ends = sameEnds ? { source: aDrop().source, destination: aDrop().destination } : {};
    return {
      ...aDrop({ hits: flow.hits, counts: flow.counts, direction: flow.direction, event }),
      ...{ id: flow.id, source: flow.source, destination: flow.destination, sourcePort, ...ends },
      observedAt: nanos(FROM + BigInt(tenths) * 100_000_000n),
    };
  });

const anyBatches = fc.array(
  fc.array(fc.oneof({ weight: 4, arbitrary: anyDrop }, { weight: 1, arbitrary: anyFlow }), {
    maxLength: 9,
  }),
  { maxLength: 12 },
);

const anyWhere = fc.option(anyExpression, { nil: undefined });

describe.each(engines)('$name', (engine) => {
  const open = (options?: { readonly small: boolean }) => engine.open(options);

  test('drop groups equal counting in memory', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyBatches,
        anyWhere,
        fc.integer({ min: 1, max: 4 }),
        fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
        async (batches, where, top, asOf) => {
          await using opened = await open({ small: true });
          const added = await appendAll(opened.store, batches);
          const query = {
            where,
            within: { from: nanos(FROM + 200_000_000n), to: nanos(FROM + 1_900_000_001n) },
            top,
            withHistory: true,
            ...(asOf === undefined ? {} : { asOf }),
          };
          const { groups, others, head } = await opened.store.dropGroups(query);
          expect(head).toBe(Math.min(added.length, asOf ?? Infinity));
          expect({ groups, others }).toEqual(countInMemory(withoutRaw(added), query));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('stored and live counts agree under every query', async () => {
    await fc.assert(
      fc.asyncProperty(anyBatches, anyWhere, async (batches, where) => {
        await using opened = await open({ small: true });
        const hub = createLiveHub({ nowMs: () => 0 });
        const query = { text: '', condition: compileQuery(where) };
        using viewer = hub.subscribe(query, { capacity: 1, allowedPerSecond: 1 });
        for (const batch of batches) {
          const { firstSeq, blocks } = await opened.store.append(batchOf(batch));
          hub.publish({ head: firstSeq + batch.length - 1, blocks, gaps: [], untold: 0 });
        }

        const stored = await opened.store.dropGroups({ where, within: ALL_TIME, top: 1_000 });
        const live = viewer.take({ rows: 'none' });

        const figures = (group: (typeof live.groups)[number]) => {
          const { key, count, firstAt, lastAt, lastSeq, latest } = group;
          return { key, count, firstAt, lastAt, lastSeq, latest: latest.seq };
        };
        const byKey = (groups: typeof live.groups) =>
          groups.map(figures).toSorted((a, b) => (a.key < b.key ? -1 : 1));
        expect(byKey(live.groups)).toEqual(byKey(stored.groups));
        expect(live.drops).toBe(stored.groups.reduce((sum, { count }) => sum + count, 0));
        expect(live.head).toBe(stored.head);
      }),
      { numRuns: 50 },
    );
  });

  test('groups beyond the top are folded and the total stays exact', async () => {
    await using opened = await open();
    const drops = Array.from({ length: 6_000 }, (_, at) => aDrop({ destinationPort: at % 300 }));
    await appendAll(opened.store, [drops, [aFlow()], [aDrop({ destinationPort: 7 })]]);

    const answer = await opened.store.dropGroups({ where: undefined, within: ALL_TIME, top: 2 });

    expect(answer.groups.map(({ count, latest }) => [count, latest.seq])).toEqual([
      [21, 6_002],
      [20, 6_000],
    ]);
    expect(answer.others).toEqual({ groups: 298, count: 298 * 20 });
  });

  test('a series has each drop in the bucket of its time, an aggregate spread over its window', async () => {
    await using opened = await open();
    const at = (tenths: number) => nanos(FROM + BigInt(tenths) * 100_000_000n);
    await appendAll(opened.store, [
      [aDrop({ observedAt: at(0) }), aDrop({ observedAt: at(5) }), aDrop({ observedAt: at(39) })],
      [
        aDrop({
          observedAt: at(30),
          event: 'flow-log',
          window: { from: at(10), to: at(30) },
          counts: { ...aDrop().counts, events: 6 },
        }),
      ],
    ]);
    const { groups } = await opened.store.dropGroups({
      ...{ where: undefined, within: { from: at(0), to: at(40) }, top: 5, buckets: 4 },
    });
    expect(groups.map(({ count, series }) => ({ count, series }))).toEqual([
      { count: 9, series: [2, 3, 3, 1] },
    ]);
  });

  test('the history of a group reaches beyond the range, and grows by what is committed later', async () => {
    await using opened = await open();
    const at = (minutes: number) => nanos(FROM + BigInt(minutes) * 60_000_000_000n);
    const ask = async () => {
      const { groups } = await opened.store.dropGroups({
        ...{ where: undefined, within: { from: at(100), to: at(200) }, top: 5 },
        withHistory: true,
      });
      return groups.map(({ history }) => history);
    };
    await appendAll(opened.store, [
      [aDrop({ observedAt: at(0) })],
      [aDrop({ observedAt: at(120) })],
    ]);
    expect(await ask()).toEqual([{ firstAt: at(0), lastAt: at(120), bouts: 2 }]);
    await appendAll(opened.store, [[aDrop({ observedAt: at(300) })]]);
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(first).toEqual([{ firstAt: at(0), lastAt: at(300), bouts: 3 }]);
    expect(second).toEqual(first);
  });

  test('counting gives way to others, and stops when it is asked to', async () => {
    await using opened = await open();
    const drops = Array.from({ length: 40_000 }, (_, at) => aDrop({ destinationPort: at % 9 }));
    await appendAll(opened.store, [drops]);
    const abort = new AbortController();
    const counting = opened.store.dropGroups({
      ...{ where: undefined, within: ALL_TIME, top: 9 },
      signal: abort.signal,
    });
    setImmediate(() => abort.abort());
    await expect(counting).rejects.toThrow(/abort/i);
  });
});

/** What the contract of `dropGroups` says, written as plainly as can be. */
function countInMemory(flows: readonly StoredFlow[], query: DropQuery) {
  const { from, to } = query.within;
  const test = matches(compileQuery(query.where));
  const drops = flows.filter(
    (flow) =>
      flow.verdict.kind === 'dropped' &&
      flow.seq <= (query.asOf ?? Infinity) &&
      flow.observedAt >= from &&
      flow.observedAt < to &&
      test(flow),
  );
  const histories = historiesInMemory(flows);
  const grouper = createDropGrouper();
  const placed = drops.map((flow) => ({
    flow,
    ...grouper.place(dropTraits(flow, flow.verdict.kind === 'dropped' ? flow.verdict.reason : '')),
  }));
  const groups = [...Map.groupBy(placed, ({ key }) => key)]
    .map(([key, members]) => {
      const times = members.map(({ flow }) => flow.observedAt).toSorted((a, b) => Number(a - b));
      const named = members.filter(({ flow }) => flow.hits.length > 0);
      return {
        key,
        count: members.reduce((sum, { count }) => sum + count, 0),
        firstAt: times[0],
        lastAt: times.at(-1),
        lastSeq: Math.max(...seqsOf(members.map(({ flow }) => flow))),
        latest: (named.at(-1) ?? members.at(-1))?.flow,
        series: [],
        history: histories.get(key),
      };
    })
    .toSorted((a, b) => b.lastSeq - a.lastSeq);
  const rest = groups.slice(query.top);
  return {
    groups: groups.slice(0, query.top),
    others: { groups: rest.length, count: rest.reduce((sum, { count }) => sum + count, 0) },
  };
}

/** Of every drop there is, whatever was asked for. */
function historiesInMemory(flows: readonly StoredFlow[]): ReadonlyMap<string, DropHistory> {
  const grouper = createDropGrouper();
  const histories = new Map<string, DropHistory>();
  for (const flow of flows) {
    if (flow.verdict.kind !== 'dropped') continue;
    const traits = dropTraits(flow, flow.verdict.reason);
    for (const key of new Set([grouper.place(traits).key, traits.fingerprint]))
      histories.set(key, growHistory(histories.get(key), flow.observedAt));
  }
  return histories;
}
