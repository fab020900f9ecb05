import { request } from 'node:http';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nanos } from '../../server/core/time.ts';
import type { DropsResponse, Problem, SavedViewsResponse } from '../../server/http/contract.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { openApi, type TestApi } from '../support/api.ts';
import { serveDropwise } from '../support/dropwise.ts';
import { aDrop, batchOf } from '../support/flow.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

let api: TestApi;

beforeAll(async () => {
  api = await openApi();
  const now = api.services.clock.now();
  const ago = (minutes: number) => nanos(now - BigInt(minutes) * 60_000_000_000n);
  await api.store.append(
    batchOf([
      aDrop({ observedAt: ago(600), destinationPort: 1 }),
      aDrop({ observedAt: ago(45), destinationPort: 2 }),
      aDrop({ observedAt: ago(2), destinationPort: 1 }),
      aDrop({ observedAt: ago(1), destinationPort: 3 }),
    ]),
  );
});

afterAll(() => api[Symbol.asyncDispose]());

const dropsAt = async (url: string, t = 'now-1h..now'): Promise<DropsResponse> =>
  (await (await fetch(`${url}/api/v1/drops?t=${t}&buckets=6`)).json()) as DropsResponse;

const markUrl = (url: string, key: string): string =>
  `${url}/api/v1/drops/${encodeURIComponent(key)}/mark`;

const put = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('GET /api/v1/drops', () => {
  test('says of each group its state as of now, when it was first seen at all, and its counts over the range', async () => {
    const { groups, marksProblem } = await dropsAt(api.url);
    const told = groups.map(({ latest, state, series, firstSeenAt, firstAt, mark }) => ({
      port: latest.destination.port,
      ...{ state, series, mark },
      wasSeenBefore: firstSeenAt !== firstAt,
    }));
    expect(told).toEqual([
      { port: 3, state: 'new', series: [0, 0, 0, 0, 0, 1], mark: null, wasSeenBefore: false },
      { port: 1, state: 'ongoing', series: [0, 0, 0, 0, 0, 1], mark: null, wasSeenBefore: true },
      { port: 2, state: 'stopped', series: [0, 1, 0, 0, 0, 0], mark: null, wasSeenBefore: false },
    ]);
    expect(marksProblem).toBeNull();
  });

  test('the state does not depend on the range', async () => {
    const { groups } = await dropsAt(api.url, 'now-11h..now-1h');
    expect(groups.map(({ latest, state }) => [latest.destination.port, state])).toEqual([
      [1, 'ongoing'],
    ]);
  });
});

describe('a mark', () => {
  test('is set, changed and removed, and the group is acknowledged while it holds', async () => {
    const { key } = (await dropsAt(api.url)).groups[0]!;
    const url = markUrl(api.url, key);
    const until = new Date(Date.now() + 60_000).toISOString();
    const stateOf = async () => (await dropsAt(api.url)).groups.find((group) => group.key === key);

    expect((await put(url, { note: ' known \n', until })).status).toBe(200);
    expect(await stateOf()).toMatchObject({
      state: 'acknowledged',
      mark: { note: 'known', until: until.replace('Z', '000000Z'), who: '' },
    });
    expect((await put(url, {})).status).toBe(200);
    expect((await stateOf())?.mark).toMatchObject({ note: '', until: null });
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(204);
    expect(await stateOf()).toMatchObject({ state: 'new', mark: null });
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(404);
  });

  test.each<[string, unknown, Record<string, string>, number, string]>([
    ['a time that is over', { until: '2020-01-01T00:00:00Z' }, {}, 400, 'is over already'],
    ['no time', { until: 'tomorrow' }, {}, 400, "'tomorrow' is no time"],
    ['a long note', { note: 'x'.repeat(501) }, {}, 400, 'note'],
    ['another field', { who: 'me' }, {}, 400, 'who'],
    ['no JSON', '{', {}, 400, 'is no JSON'],
    ['too much', { note: 'x'.repeat(70_000) }, {}, 400, 'larger than 64kb'],
    ['a form', 'note=x', { 'Content-Type': 'text/plain' }, 400, 'Content-Type'],
    ['another site', {}, { Origin: 'http://evil.test' }, 403, 'evil.test'],
    ['another port', {}, { Origin: 'http://127.0.0.1:1' }, 403, '127.0.0.1:1'],
    ['a sandboxed page', {}, { Origin: 'null' }, 403, 'null'],
  ])('is refused with %s (fault 18)', async (_words, body, headers, status, words) => {
    const { key } = (await dropsAt(api.url)).groups[0]!;
    const response = await put(markUrl(api.url, key), body, headers);
    const problem = (await response.json()) as Problem;
    expect([response.status, problem.detail]).toEqual([status, expect.stringContaining(words)]);
    expect((await dropsAt(api.url)).groups[0]?.mark).toBeNull();
  });

  test('is refused where the browser says that another site asks, and for what is no group', async () => {
    const { key } = (await dropsAt(api.url)).groups[0]!;
    const { hostname, port, pathname } = new URL(markUrl(api.url, key));
    // `fetch` of Node sets this header itself.
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'Sec-Fetch-Site': 'cross-site' };
      request({ hostname, port, path: pathname, method: 'DELETE', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
    expect((await put(markUrl(api.url, 'nonsense'), {})).status).toBe(400);
    expect((await put(`${api.url}/api/v1/drops/%E0%A4%A/mark`, {})).status).toBe(400);
  });
});

describe('saved views', () => {
  const view = { name: 'Drops of shop', query: 'ns:shop   verdict:dropped', t: 'now-1h..now' };
  const whole = { ...view, cols: ['time', 'to.ns'], sort: '-count', shared: true };

  test('are kept with their canonical query, changed and removed', async () => {
    const url = `${api.url}/api/v1/views/my-view`;
    expect((await put(url, whole)).status).toBe(200);
    expect((await put(url, { ...whole, name: 'Renamed' })).status).toBe(200);
    const list = async () =>
      ((await (await api.get('/api/v1/views')).json()) as SavedViewsResponse).views;
    expect(await list()).toMatchObject([
      { ...whole, id: 'my-view', name: 'Renamed', query: 'ns:shop verdict:dropped' },
    ]);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(204);
    expect(await list()).toEqual([]);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(404);
  });

  test.each<[string, Record<string, unknown>, string, string]>([
    ['a query that cannot be read', { query: 'colour:red' }, 'v', 'bad-query'],
    ['a time that cannot be read', { t: 'yesterday' }, 'v', 'bad-time'],
    ['no name', { name: '  ' }, 'v', 'bad-request'],
    ['a column that is no word', { cols: ['a,b'] }, 'v', 'bad-request'],
    ['an id with a blank', {}, 'a b', 'bad-request'],
  ])('are refused with %s', async (_words, differences, id, code) => {
    const url = `${api.url}/api/v1/views/${encodeURIComponent(id)}`;
    const response = await put(url, { ...whole, ...differences });
    expect(await response.json()).toMatchObject({ status: 400, code });
  });
});

describe('a server of its own process', () => {
  test('keeps marks through kill -9, and goes on without them where the file cannot be used', async () => {
    await using directory = await temporaryDirectory();
    const args = ['serve', '--port', '0', '--data', directory.path];
    {
      await using store = await openSqliteStore({ directory: directory.path });
      const observedAt = nanos(BigInt(Date.now()) * 1_000_000n);
      await store.append(batchOf([aDrop({ observedAt })]));
    }
    let key: string;
    {
      await using server = await serveDropwise(args);
      const url = server.url.slice(0, -1);
      key = (await dropsAt(url)).groups[0]!.key;
      const response = await put(markUrl(url, key), { note: 'known' }, { Origin: url });
      expect(response.status).toBe(200);
      await server.kill();
    }
    {
      await using server = await serveDropwise(args);
      const { groups } = await dropsAt(server.url.slice(0, -1));
      expect(groups).toMatchObject([{ key, state: 'acknowledged', mark: { note: 'known' } }]);
      expect(await server.stop()).toBe(0);
    }
    await using other = await temporaryDirectory();
    mkdirSync(join(other.path, 'control.sqlite'));
    {
      await using store = await openSqliteStore({ directory: other.path });
      const observedAt = nanos(BigInt(Date.now()) * 1_000_000n);
      await store.append(batchOf([aDrop({ observedAt })]));
    }
    await using server = await serveDropwise(['serve', '--port', '0', '--data', other.path]);
    const url = server.url.slice(0, -1);
    const { groups, marksProblem } = await dropsAt(url);
    expect(groups).toMatchObject([{ key, state: 'new', mark: null }]);
    expect(marksProblem).toContain('control.sqlite');
    const refused = await put(markUrl(url, key), { note: 'known' });
    expect(await refused.json()).toMatchObject({ status: 503, code: 'store-failed' });
  });
});
