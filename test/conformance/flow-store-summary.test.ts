import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findField } from '../../server/core/fields.ts';
import type { FlowFields, StoredFlow } from '../../server/core/flow.ts';
import { nanos, type TimeWindow } from '../../server/core/time.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import type { SummaryQuery } from '../../server/store/flow-store.ts';
import { anyExpression } from '../support/arbitrary.ts';
import { ALL_TIME, anyBatches, appendAll, engines } from '../support/flow-stores.ts';
import { aFlow } from '../support/flow.ts';

describe.each(engines)('$name', (engine) => {
  const open = (options?: { readonly small: boolean }) => engine.open(options);

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
      series: Array<number>(query.buckets).fill(0),
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
      if (flow.window === undefined || flow.window.to <= flow.window.from || query.buckets === 1) {
        into.series[bucket]! += flow.counts.events;
      } else spreadInMemory(flow.window, flow.counts.events, query, into.series);
    }
  }
  const sorted = [...rows.values()].sort(
    (a, b) => b.events - a.events || b.records - a.records || (a.key < b.key ? -1 : 1),
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

/** Of so much time, so much: whole events by the end of each bucket. */
function spreadInMemory(
  span: TimeWindow,
  events: number,
  { within, buckets }: SummaryQuery,
  series: number[],
): void {
  const bounds = Array.from({ length: buckets + 1 }, (_, at) => {
    const share = (within.to - within.from) * BigInt(at);
    return within.from + (share + BigInt(buckets) - 1n) / BigInt(buckets);
  });
  const inSpan = (time: bigint) => (time < span.from ? span.from : time > span.to ? span.to : time);
  const countedBy = (time: bigint) =>
    Math.round((events * Number(inSpan(time) - span.from)) / Number(span.to - span.from));
  for (let at = 0; at < buckets; at++) {
    series[at]! += countedBy(bounds[at + 1]!) - countedBy(bounds[at]!);
  }
}

function keysInMemory(flow: FlowFields, by: string | undefined): readonly string[] {
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
