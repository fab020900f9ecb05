import { describe, expect, test } from 'vitest';
import type {
  CountedDropGroupJson,
  DropsResponse,
  Problem,
} from '../../../server/http/contract.ts';
import { createApi } from '../../../web/src/api/client.ts';
import { LaneState } from '../../../web/src/state/lane.svelte.ts';
import { COMPLETE, dropJson } from './flows.ts';

const AT = '2026-05-03T10:00:00.000000001Z';

const group = (key: string, count: number, lastSeq: number): CountedDropGroupJson => ({
  ...{ key, count, firstAt: AT, lastAt: AT, lastSeq },
  ...{
    latest: dropJson(lastSeq),
    series: [],
    state: 'ongoing',
    firstSeenAt: AT,
    mark: null,
    harm: null,
  },
});

const answer = (groups: readonly CountedDropGroupJson[], others = { groups: 0, count: 0 }) =>
  ({
    q: '',
    range: { from: AT, to: AT },
    groups,
    others,
    head: 0,
    gaps: [],
    completeness: COMPLETE,
    marksProblem: null,
  }) satisfies DropsResponse;

type Ask = { readonly url: URL; reply(body: DropsResponse): Promise<void>; fail(): Promise<void> };

/** A lane over a server that answers when the test says so. */
function openLane() {
  const asked: Ask[] = [];
  const problems: (Problem | undefined)[] = [];
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const fetch = (path: string | URL | Request, init?: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      asked.push({
        url: new URL(path instanceof Request ? path.url : path, 'http://page.test'),
        reply: (body) => {
          resolve(Response.json(body));
          return settle();
        },
        fail: () => {
          resolve(new Response('', { status: 500 }));
          return settle();
        },
      });
    });
  const lane = new LaneState({ onproblem: (problem) => problems.push(problem) });
  const request = (q = '') => ({
    api: createApi({ fetch }),
    q,
    t: 'now-15m..now',
    signal: new AbortController().signal,
  });
  const keys = () => lane.groups.map(({ key }) => key);
  const counts = () => lane.groups.map(({ count }) => count);
  return { lane, asked, problems, request, keys, counts };
}

describe('the drops lane of a live view', () => {
  test('asks up to where the stream begins, and shows nothing of it alone', async () => {
    const { lane, asked, request, counts } = openLane();
    void lane.show(request('ns:shop'), 40, false);
    lane.receive([group('a', 2, 42)], 42);
    lane.commit();
    expect(lane.groups).toEqual([]);
    expect(lane.loading).toBe(true);

    await asked[0]!.reply(answer([group('a', 5, 39)]));

    expect(Object.fromEntries(asked[0]!.url.searchParams)).toEqual({
      q: 'ns:shop',
      t: 'now-15m..now',
      top: '100',
      asof: '40',
    });
    expect(counts()).toEqual([7]);
    expect(lane.loading).toBe(false);
  });

  test('is counted again while it runs, so that old drops leave it, and no drop counts twice', async () => {
    const { lane, asked, request, counts } = openLane();
    void lane.show(request(), 40, false);
    await asked[0]!.reply(answer([group('a', 5, 39)]));
    lane.receive([group('a', 2, 42)], 42);
    const now = Date.now();
    void lane.tick(now + 9_000);
    expect(asked).toHaveLength(1);
    void lane.tick(now + 11_000);
    void lane.tick(now + 12_000);
    expect(asked).toHaveLength(2);
    lane.receive([group('a', 3, 44)], 44);

    await asked[1]!.reply(answer([group('a', 4, 42)]));

    expect(asked[1]!.url.searchParams.get('asof')).toBe('42');
    expect(counts()).toEqual([5]);
  });

  test('is counted again soon when a drop belongs to a group without a row', async () => {
    const { lane, asked, request } = openLane();
    void lane.show(request(), 40, false);
    await asked[0]!.reply(answer([group('a', 5, 39)], { groups: 9, count: 90 }));
    lane.receive([group('z', 1, 42)], 42);
    void lane.tick(Date.now() + 3_000);
    expect(asked).toHaveLength(2);
  });

  test('a hidden page asks for nothing', async () => {
    const { lane, asked, request } = openLane();
    void lane.show(request(), 40, false);
    await asked[0]!.reply(answer([]));
    lane.setVisible(false);
    void lane.tick(Date.now() + 60_000);
    expect(asked).toHaveLength(1);
  });

  test('an answer to an earlier view is not shown', async () => {
    const { lane, asked, request, keys, problems } = openLane();
    void lane.show(request('port:1'), 40, false);
    void lane.show(request('port:2'), 41, false);
    await asked[0]!.reply(answer([group('old', 1, 1)]));
    expect(keys()).toEqual([]);
    await asked[1]!.reply(answer([group('new', 1, 1)]));
    expect(keys()).toEqual(['new']);
    expect(problems).toEqual([undefined]);
  });

  test('a failure is told, leaves the counts as they are, and ends with the next answer', async () => {
    const { lane, asked, request, counts, problems } = openLane();
    void lane.show(request(), 40, false);
    await asked[0]!.reply(answer([group('a', 5, 39)]));
    void lane.tick(Date.now() + 11_000);
    await asked[1]!.fail();
    expect(problems).toMatchObject([undefined, { code: 'no-problem' }]);
    lane.receive([group('a', 1, 43)], 43);
    lane.commit();
    expect(counts()).toEqual([6]);
    void lane.tick(Date.now() + 22_000);
    await asked[2]!.reply(answer([group('a', 6, 43)]));
    expect(problems.at(-1)).toBeUndefined();
    expect(counts()).toEqual([6]);
  });
});

describe('the rows of the lane', () => {
  async function openRows() {
    const opened = openLane();
    void opened.lane.show(opened.request(), 40, false);
    await opened.asked[0]!.reply(answer([group('a', 5, 39), group('b', 9, 30)]));
    return opened;
  }

  test('stay in their places when they count on; a new group comes on top', async () => {
    const { lane, keys, counts } = await openRows();
    lane.receive([group('b', 1, 45), group('c', 1, 46)], 46);
    lane.commit();
    expect(keys()).toEqual(['c', 'a', 'b']);
    expect(counts()).toEqual([1, 5, 10]);
  });

  test('wait for a person to stop reading, but are counted', async () => {
    const { lane, keys } = await openRows();
    lane.setStill(true);
    lane.receive([group('c', 1, 46)], 46);
    lane.commit();
    expect(keys()).toEqual(['a', 'b']);
    expect([lane.waiting, lane.total]).toEqual([1, { groups: 3, count: 15 }]);
    lane.setStill(false);
    expect(keys()).toEqual(['c', 'a', 'b']);
    expect(lane.waiting).toBe(0);
  });

  test('are put in order when a person asks for it', async () => {
    const { lane, keys } = await openRows();
    lane.setStill(true);
    lane.receive([group('b', 1, 45), group('c', 1, 44)], 45);
    lane.sort('newest');
    expect(keys()).toEqual(['b', 'c', 'a']);
    lane.sort('count');
    expect(keys()).toEqual(['b', 'a', 'c']);
  });

  test('keep their places when the stream comes back, and not when the view changes', async () => {
    const { lane, keys, asked, request } = await openRows();
    void lane.show(request(), 50, true);
    expect(keys()).toEqual(['a', 'b']);
    await asked[1]!.reply(answer([group('b', 10, 49), group('a', 5, 39)]));
    expect(keys()).toEqual(['a', 'b']);
    void lane.show(request('port:1'), 51, false);
    await asked[2]!.reply(answer([group('b', 10, 49), group('a', 5, 39)]));
    expect(keys()).toEqual(['b', 'a']);
  });
});
