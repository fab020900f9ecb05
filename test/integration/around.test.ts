import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Endpoint } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import type { AroundResponse, FlowsResponse } from '../../server/http/contract.ts';
import { parseQuery } from '../../server/query/parse.ts';
import { openApi, type TestApi } from '../support/api.ts';
import { aFlow, batchOf } from '../support/flow.ts';

const { source: WEB, destination: DB } = aFlow();
const pod = (end: Endpoint, differences: Partial<Endpoint>): Endpoint => ({
  ...end,
  ...differences,
});
const OTHER = pod(WEB, { pod: 'web-1' });
const NAMESAKE = pod(DB, { namespace: 'bank' });
const NOBODY: Endpoint = {
  ...{ kind: 'network', cluster: '', namespace: '', pod: '', workload: '', workloadKind: '' },
  ...{ name: 'pub', identity: 0, labels: [] },
};
const HOSTILE = pod(WEB, { pod: '" OR verdict:dropped) *', namespace: 'none' });

/** Sequence numbers are places in this list, from 1. */
const FLOWS = [
  aFlow(),
  aFlow({ source: DB, destination: WEB, node: 'east/node-2' }),
  aFlow({ source: OTHER }),
  aFlow({ destination: NAMESAKE }),
  aFlow({ node: 'west/node-1' }),
  aFlow({ source: WEB, destination: NOBODY, destinationIp: '198.51.100.7' }),
  aFlow({ source: NOBODY, sourceIp: '198.51.100.7', destination: WEB }),
  aFlow({ source: WEB, destination: NOBODY, destinationIp: '198.51.100.8' }),
  aFlow({ source: NOBODY, sourceIp: '', destination: NOBODY, destinationIp: '', node: '' }),
  aFlow({ source: HOSTILE, destination: NOBODY, destinationIp: '' }),
  aFlow({ destination: NOBODY, destinationIp: '' }),
  aFlow(),
];

let api: TestApi;

beforeAll(async () => {
  api = await openApi();
  await api.store.append(batchOf(FLOWS));
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

async function around(seq: number, params: string): Promise<AroundResponse> {
  const response = await api.get(`/api/v1/flows/${seq}/around?${params}`);
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body as AroundResponse;
}

const seqsOf = ({ flows }: AroundResponse['before']) => flows.map(({ seq }) => seq);

describe('what is around a flow', () => {
  test.each([
    ['the same pods in both directions', 5, 'of=pair', [2, 1], [12]],
    ['a pod and an address in both directions', 6, 'of=pair', [], [7]],
    ['a pod and what nobody could name', 11, 'of=pair', [], []],
    ['either pod, but no namesake of it', 3, 'of=pod', [2, 1], [5, 12]],
    ['the sender', 5, 'of=from', [4, 2, 1], [6, 7, 8, 11, 12]],
    ['the receiver', 5, 'of=to', [3, 2, 1], [12]],
    ['the node of its cluster', 2, 'of=node', [], []],
    ['names that look like a query', 10, 'of=pod', [], []],
  ])('%s', async (_, seq, params, before, after) => {
    const told = await around(seq, params);
    expect({ before: seqsOf(told.before), after: seqsOf(told.after) }).toEqual({ before, after });
    expect(told.flow.seq).toBe(seq);
    expect(parseQuery(told.q)).toMatchObject({ ok: true });
    const found = await api.get(`/api/v1/flows?q=${encodeURIComponent(told.q)}`);
    const { flows } = (await found.json()) as FlowsResponse;
    expect(flows.map((flow) => flow.seq).reverse()).toEqual([
      ...before.toReversed(),
      seq,
      ...after,
    ]);
  });

  test('is told in pages that go on where they ended', async () => {
    const { before, after, q } = await around(5, 'of=from&limit=2');
    expect([seqsOf(before), seqsOf(after)]).toEqual([
      [4, 2],
      [6, 7],
    ]);
    const next = async (order: string, place: number | null) => {
      const query = new URLSearchParams({ q, order, after: String(place), limit: '2' });
      const { flows } = (await (
        await api.get(`/api/v1/flows?${query.toString()}`)
      ).json()) as FlowsResponse;
      return flows.map(({ seq }) => seq);
    };
    expect(await next('newest', before.next)).toEqual([1]);
    expect(await next('oldest', after.next)).toEqual([8, 11]);
  });

  test('can be kept to a time, and says how completely it was recorded', async () => {
    const [, first] = FLOWS;
    const from = new Date(Number(first!.observedAt / 1_000_000n)).toISOString();
    const told = await around(5, `of=from&t=${from}..${from}`);
    expect([seqsOf(told.before), seqsOf(told.after)]).toEqual([[], []]);
    expect(told.completeness).toMatchObject({ verdict: 'unknown', watched: 0 });
  });

  test.each([
    [9, 'of=pair', 'which pods or addresses'],
    [9, 'of=pod', 'which pods or addresses'],
    [9, 'of=node', 'which node'],
    [6, 'of=nothing', 'must be one of'],
    [11, 'of=to', 'went to'],
  ])('flow %i, %s: refused, and says why', async (seq, params, reason) => {
    const response = await api.get(`/api/v1/flows/${seq}/around?${params}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      detail: expect.stringContaining(reason) as string,
    });
  });
});

test('two windows are compared up to one flow, whatever is stored meanwhile', async () => {
  const now = api.services.clock.now();
  const at = (minutes: bigint) => nanos(now - minutes * 60_000_000_000n);
  await api.store.append(
    batchOf([
      aFlow({ source: OTHER, observedAt: at(90n) }),
      aFlow({ source: HOSTILE, observedAt: at(80n) }),
      aFlow({ source: OTHER, observedAt: at(20n) }),
      aFlow({ source: OTHER, observedAt: at(10n) }),
      aFlow({ source: OTHER, destination: WEB, observedAt: at(5n) }),
    ]),
  );
  const answer: unknown = await (await api.get('/api/v1/compare?by=from.pod,to.pod')).json();
  expect(answer).toMatchObject({
    rows: [
      { keys: [HOSTILE.pod, 'db-0'], change: 'gone', baseline: { events: 1 }, current: null },
      { keys: ['web-1', 'db-0'], change: 'changed', ratio: 2, current: { events: 2 } },
      { keys: ['web-1', 'web-0'], change: 'new', current: { perHour: 1 }, baseline: null },
    ],
    changes: { new: 1, gone: 1, changed: 1, same: 0, undecided: 0 },
    current: { events: 3, completeness: { verdict: expect.any(String) as string } },
    baseline: { events: 2 },
  });
});
