import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Checkpoint, Flow, FlowId, Gap, StoredFlow } from '../../server/core/flow.ts';
import { findField } from '../../server/core/fields.ts';
import { nanos, type TimeWindow } from '../../server/core/time.ts';
import type { Expression } from '../../server/query/ast.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import type { FlowStore, SummaryQuery } from '../../server/store/flow-store.ts';
import { anyExpression, anyFlow } from '../support/arbitrary.ts';
import { engines } from '../support/flow-stores.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';

const ALL_TIME: TimeWindow = { from: nanos(0n), to: nanos(2n ** 62n) };
const NEWEST = { limit: 10_000, order: 'newest' } as const;

const anyBatches = fc.array(fc.array(anyFlow, { maxLength: 9 }), { maxLength: 12 });

async function appendAll(
  store: FlowStore,
  batches: readonly (readonly Flow[])[],
): Promise<readonly StoredFlow[]> {
  const added: StoredFlow[] = [];
  for (const flows of batches) added.push(...(await store.append(batchOf(flows))));
  return added;
}

const plain = (flows: readonly StoredFlow[]) => flows.map((flow) => ({ ...flow }));
const seqsOf = (flows: readonly StoredFlow[]) => flows.map(({ seq }) => seq);

/** Drops and the rest, alternately. */
const someFlows = (count: number): Flow[] =>
  Array.from({ length: count }, (_, index) => (index % 3 === 0 ? aDrop() : aFlow()));

const DROPPED: Expression = {
  kind: 'field',
  side: undefined,
  field: 'verdict',
  values: [{ kind: 'word', text: 'dropped', quoted: false }],
};

describe.each(engines)('$name', ({ open }) => {
  test('a stored page and the in-memory match answer every query alike, before and after merges', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyBatches,
        fc.array(anyExpression, { maxLength: 8 }),
        async (batches, queries) => {
          await using opened = await open({ small: true });
          const added = await appendAll(opened.store, batches);
          for (const where of queries) {
            const page = await opened.store.page({ where }, NEWEST);
            const expected = added.filter(matches(compileQuery(where)));
            expect(seqsOf(page.flows)).toEqual(seqsOf(expected).reverse());
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('every property of a flow and every byte of its record come back as they were', async () => {
    await fc.assert(
      fc.asyncProperty(anyBatches, async (batches) => {
        await using opened = await open({ small: true });
        const added = await appendAll(opened.store, batches);
        const page = await opened.store.page({ where: undefined }, { ...NEWEST, order: 'oldest' });
        expect(plain(page.flows)).toEqual(plain(added));
        expect(added.map(({ seq: _, ...flow }) => flow)).toEqual(batches.flat());
      }),
      { numRuns: 40 },
    );
  });

  test('values at the edge of what a column holds come back as they were', async () => {
    await using opened = await open({ small: true });
    const flows = [
      aFlow({ observedAt: nanos(0n), sourcePort: 2 ** 31 - 1, id: 'not hexadecimal' as FlowId }),
      aFlow({ observedAt: nanos(4_291_747_199_999_999_999n), destinationPort: 2 ** 40 }),
      aFlow({ observedAt: nanos(2n ** 63n - 1n), node: '\ud800 \u0000 "é" 😀' }),
      aFlow({ raw: { format: 'calico-json', bytes: new Uint8Array(600_000).fill(7) } }),
    ];
    const added = await appendAll(opened.store, [flows, [aFlow()], someFlows(30), [aFlow()]]);
    for (const flow of added) {
      expect({ ...(await opened.store.find(flow.seq)) }).toStrictEqual({ ...flow });
    }
  });

  test('sequence numbers are dense from 1 and not used again after everything was pruned', async () => {
    await using opened = await open({ small: true });
    const first = await appendAll(opened.store, [someFlows(40), [], someFlows(3)]);
    expect(seqsOf(first)).toEqual(Array.from({ length: 43 }, (_, index) => index + 1));
    expect(await opened.store.prune(ALL_TIME.to)).toBe(43);
    expect(await opened.store.span()).toBeUndefined();
    const next = await appendAll(opened.store, [someFlows(2)]);
    expect(seqsOf(next)).toEqual([44, 45]);
    expect(opened.store.head()).toBe(45);
  });

  test.each(['newest', 'oldest'] as const)(
    'pages by key, %s first, neither skip nor repeat a flow while others arrive',
    async (order) => {
      await using opened = await open({ small: true });
      const { store } = opened;
      const added = await appendAll(
        store,
        Array.from({ length: 20 }, () => someFlows(7)),
      );
      const drops = added.filter(({ verdict }) => verdict.kind === 'dropped').map(({ seq }) => seq);
      const seen: number[] = [];
      const asOf = store.head();
      let after: number | undefined;
      do {
        const request = { limit: 5, order, ...(after === undefined ? {} : { after }) };
        const page = await store.page({ where: DROPPED, asOf }, request);
        expect(page.head).toBe(asOf);
        seen.push(...seqsOf(page.flows));
        after = page.next;
        await store.append(batchOf(someFlows(5)));
      } while (after !== undefined);
      expect(seen).toEqual(order === 'oldest' ? drops : drops.reverse());
    },
  );

  test('a page holds flows observed inside the window only, its end excluded', async () => {
    await using opened = await open({ small: true });
    const added = await appendAll(opened.store, [someFlows(30), someFlows(30)]);
    const within = { from: added[10]!.observedAt, to: added[50]!.observedAt };
    const page = await opened.store.page({ where: undefined, within }, NEWEST);
    expect(seqsOf(page.flows)).toEqual(seqsOf(added.slice(10, 50)).reverse());
    const open_ = await opened.store.page(
      { where: undefined, within: { from: within.to } },
      NEWEST,
    );
    expect(seqsOf(open_.flows)).toEqual(seqsOf(added.slice(50)).reverse());
  });

  test('a read that began before commits and merges sees none of their flows', async () => {
    await using opened = await open({ small: true });
    const { store } = opened;
    const added = await appendAll(
      store,
      Array.from({ length: 10 }, () => someFlows(3)),
    );
    const reading = store.page({ where: undefined }, NEWEST);
    await appendAll(
      store,
      Array.from({ length: 10 }, () => someFlows(9)),
    );
    expect(seqsOf((await reading).flows)).toEqual(seqsOf(added).reverse());
  });

  test('a read stops when its signal aborts', async () => {
    await using opened = await open();
    await appendAll(opened.store, [someFlows(3)]);
    const signal = AbortSignal.abort();
    await expect(opened.store.page({ where: undefined }, { ...NEWEST, signal })).rejects.toThrow();
  });

  test('summaries equal counting in memory', async () => {
    const anyBy = fc.constantFrom(
      ...[undefined, 'verdict', 'reason', 'policy', 'ns', 'from.ns', 'wl', 'port', 'from.port'],
      ...['node', 'source', 'proto', 'svc', 'fqdn', 'rule', 'id', 'is', 'l7.path', 'bytes'],
    );
    await fc.assert(
      fc.asyncProperty(
        anyBatches,
        fc.option(anyExpression, { nil: undefined }),
        anyBy,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        async (batches, where, by, buckets, top) => {
          await using opened = await open({ small: true });
          const added = await appendAll(opened.store, batches);
          const within = {
            from: nanos(1_769_904_000_000_000_000n),
            to: nanos(1_769_904_007_000_000_001n),
          };
          const query = { where, within, by, buckets, top };
          const { rows, head } = await opened.store.summarize(query);
          expect(head).toBe(added.length);
          expect(rows).toEqual(countInMemory(added, query));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a summary by a field of more values than it keeps series for still counts every flow', async () => {
    await using opened = await open();
    const flows = Array.from({ length: 9_000 }, (_, index) =>
      aFlow({ sourceIp: index % 9 === 0 ? '10.0.0.1' : `fd00::${index}` }),
    );
    const added = await appendAll(opened.store, [flows]);
    const within = { from: added[0]!.observedAt, to: nanos(added.at(-1)!.observedAt + 1n) };
    const query = { where: undefined, within, by: 'from.ip', buckets: 3, top: 1 };
    const { rows } = await opened.store.summarize(query);
    expect(rows).toEqual([
      { key: '10.0.0.1', records: 1_000, events: 1_000, series: [334, 333, 333] },
      { key: undefined, records: 8_000, events: 8_000, series: [2_666, 2_667, 2_667] },
    ]);
  });

  test('a field that is not known is refused', async () => {
    await using opened = await open();
    const query = { where: undefined, within: ALL_TIME, by: '__proto__', buckets: 1, top: 5 };
    await expect(opened.store.summarize(query)).rejects.toMatchObject({ code: 'bad-query' });
  });

  test('a resumed stream stores nothing twice, and keeps equal records of one connection (faults 41, 54)', async () => {
    await using opened = await open({ small: true });
    const { store } = opened;
    const twin = aFlow();
    const told = [aFlow(), twin, aDrop(), twin, twin, aFlow()];
    await appendAll(store, [told.slice(0, 3), told.slice(3)]);
    expect(store.head()).toBe(6);

    await store.loadCheckpoint('test');
    const fresh = [aFlow(), twin];
    const again = { mayRepeat: true };
    const one = await store.append(batchOf(told.slice(4).toReversed(), again));
    const two = await store.append(batchOf([...told.slice(0, 4), ...fresh], again));
    expect(seqsOf(one)).toEqual([]);
    expect(two.map(({ id }) => id)).toEqual(fresh.map(({ id }) => id));
    expect(seqsOf(two)).toEqual([7, 8]);

    await store.loadCheckpoint('test');
    expect(await store.append(batchOf([twin, twin, twin, twin, twin], again))).toHaveLength(1);
  });

  test('a record that another source told as well is no repeat', async () => {
    await using opened = await open();
    const flow = aFlow();
    await opened.store.append(batchOf([flow]));
    const other = batchOf([{ ...flow, origin: 'other' }], { origin: 'other', mayRepeat: true });
    expect(await opened.store.append(other)).toHaveLength(1);
  });

  test('gaps, rejections, totals and the checkpoint are those of the batches', async () => {
    await using opened = await open();
    const { store } = opened;
    const gap: Gap = {
      kind: 'lost',
      origin: 'test',
      node: 'east/node-1',
      from: nanos(1_000n),
      to: nanos(2_000n),
      count: 2n ** 64n - 1n,
      reason: 'HUBBLE_RING_BUFFER',
    };
    const unwatched: Gap = { ...gap, kind: 'unwatched', count: undefined, from: nanos(500n) };
    const rejected = [{ reason: 'not-json', count: 2, sample: 'first' }];
    const flows = [aFlow(), aDrop()];
    const checkpoint = 'here' as Checkpoint;
    await store.append(batchOf(flows, { gaps: [gap, unwatched], rejected, checkpoint }));
    await store.append(
      batchOf([], { gaps: [gap], rejected: [{ ...rejected[0]!, sample: 'next' }] }),
    );

    expect(await store.loadCheckpoint('test')).toBe('here');
    expect(await store.loadCheckpoint('other')).toBeUndefined();
    expect(await store.gaps({ from: nanos(1_999n), to: nanos(3_000n) })).toEqual([
      unwatched,
      gap,
      gap,
    ]);
    expect(await store.gaps({ from: nanos(2_000n), to: nanos(3_000n) })).toEqual([]);
    expect(await store.origins()).toMatchObject([
      {
        origin: 'test',
        flows: 2,
        byVerdict: { allowed: 1, dropped: 1, audit: 0, error: 0, unknown: 0 },
        lastObservedAt: flows[1]!.observedAt,
        rejected: [{ reason: 'not-json', count: 4, sample: 'first' }],
        lost: 2n ** 65n - 2n,
      },
    ]);
  });

  test('pruning deletes what ended before the time, keeps the rest, and gives space back', async () => {
    await using opened = await open({ small: true });
    const { store } = opened;
    const bulky = {
      format: 'hubble-json',
      bytes: crypto.getRandomValues(new Uint8Array(9_000)),
    } as const;
    const old = Array.from({ length: 20 }, () =>
      aFlow({ raw: bulky, observedAt: nanos(60_000_000_000n) }),
    );
    await appendAll(
      store,
      Array.from({ length: 10 }, () => old),
    );
    const kept = await appendAll(store, [someFlows(50)]);
    const before = store.size();
    expect(await store.prune(kept[0]!.observedAt)).toBe(200);
    expect(store.size()).toBeLessThan(before / 2);
    const page = await store.page({ where: undefined }, NEWEST);
    expect(plain(page.flows)).toEqual(plain(kept.toReversed()));
    expect(page.head).toBe(250);
    expect(await store.find(1)).toBeUndefined();
    expect(await store.span()).toEqual({ from: kept[0]!.observedAt, to: kept.at(-1)!.observedAt });
  });
});

/** What the contract of `summarize` says, written as plainly as can be. */
function countInMemory(flows: readonly StoredFlow[], query: SummaryQuery) {
  const { from, to } = query.within;
  const rows = new Map<
    string,
    { key: string; records: number; events: number; series: number[] }
  >();
  const row = (key: string) => {
    const found = rows.get(key) ?? {
      key,
      records: 0,
      events: 0,
      series: Array(query.buckets).fill(0),
    };
    rows.set(key, found);
    return found;
  };
  if (query.by === undefined) row('');
  for (const flow of flows.filter(matches(compileQuery(query.where)))) {
    if (flow.observedAt < from || flow.observedAt >= to) continue;
    const bucket = Number(((flow.observedAt - from) * BigInt(query.buckets)) / (to - from));
    for (const key of keysInMemory(flow, query.by)) {
      const into = row(key);
      into.records++;
      into.events += flow.counts.events;
      into.series[bucket]! += 1;
    }
  }
  const sorted = [...rows.values()].sort(
    (a, b) => b.records - a.records || (a.key < b.key ? -1 : 1),
  );
  const rest = sorted.slice(query.top);
  if (rest.length === 0) return sorted;
  const sum = (read: (item: (typeof rest)[number]) => number) =>
    rest.reduce((total, item) => total + read(item), 0);
  const series = Array.from({ length: query.buckets }, (_, bucket) =>
    sum((item) => item.series[bucket]!),
  );
  const folded = {
    key: undefined,
    records: sum((item) => item.records),
    events: sum((item) => item.events),
  };
  return [...sorted.slice(0, query.top), { ...folded, series }];
}

function keysInMemory(flow: Flow, by: string | undefined): readonly string[] {
  if (by === undefined) return [''];
  if (by === 'policy') {
    const names = flow.hits
      .filter(({ matched }) => matched !== 'end-of-tier')
      .map(({ policy }) =>
        policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`,
      );
    return names.length === 0 ? [''] : [...new Set(names)];
  }
  const field = findField(by.replace(/^(from|to)\./, ''))!;
  const { columns } = field;
  const column =
    typeof columns === 'string' ? columns : by.startsWith('from.') ? columns.from : columns.to;
  const values = field.project(flow[column] as never).map(String);
  if (values.length === 0) return [''];
  return ['fqdn', 'rule', 'is'].includes(by) ? [...new Set(values)] : values.slice(0, 1);
}
