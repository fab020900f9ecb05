import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COLUMN_IDS } from '../../server/core/column-ids.ts';
import { AppError } from '../../server/core/errors.ts';
import { nanos } from '../../server/core/time.ts';
import type { CompletenessJson, FlowJson } from '../../server/http/contract.ts';
import { openApi, type TestApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';

const COUNT = 2_500;
const FIRST = 1_770_000_000_000_000_000n;
const SECOND = 1_000_000_000n;

let api: TestApi;

beforeAll(async () => {
  api = await openApi();
  const flows = Array.from({ length: COUNT }, (_, at) => ({
    observedAt: nanos(FIRST + BigInt(at) * SECOND),
    sourcePort: 30_000 + at,
  }));
  await api.store.append(batchOf(flows.map((flow) => aFlow(flow))));
  await api.store.append(
    batchOf(
      [
        aDrop({
          observedAt: nanos(FIRST + 86_400n * SECOND),
          l7: { protocol: 'http', type: 'request', method: '=cmd()', path: '/a,"b"', status: -1 },
        }),
      ],
      {
        gaps: [
          {
            kind: 'lost',
            origin: 'test',
            node: 'n',
            from: nanos(FIRST),
            to: nanos(FIRST + SECOND),
            count: 7n,
            reason: 'HUBBLE_RING_BUFFER',
          },
        ],
      },
    ),
  );
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const ports = (flows: readonly FlowJson[]): readonly number[] =>
  flows.map(({ source }) => source.port);
const ALLOWED_PORTS = Array.from({ length: COUNT }, (_, at) => 30_000 + COUNT - 1 - at);

describe('an export', () => {
  test('holds every flow that matches, newest first, over many pages', async () => {
    const response = await api.get('/api/v1/flows.ndjson?q=verdict:forwarded');
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const text = await response.text();
    expect(text.endsWith('\n')).toBe(true);
    const flows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as FlowJson);
    expect(ports(flows)).toEqual(ALLOWED_PORTS);
  });

  test('as JSON is one object that says its scope and its completeness', async () => {
    const response = await api.get('/api/v1/flows.json?q=verdict:allowed');
    const answer = (await response.json()) as {
      q: string;
      asof: number;
      count: number;
      completeness: CompletenessJson;
      flows: FlowJson[];
    };
    expect(answer).toMatchObject({ q: 'verdict:forwarded', asof: COUNT + 1, count: COUNT });
    expect(answer.completeness).toMatchObject({ verdict: 'lower-bound', lost: '7' });
    expect(ports(answer.flows)).toEqual(ALLOWED_PORTS);
  });

  test('of nothing is still well formed', async () => {
    const nothing = 'q=port:1&cols=time,port';
    expect(await (await api.get(`/api/v1/flows.csv?${nothing}`)).text()).toBe(
      'time,port,protocol\r\n',
    );
    expect(await (await api.get(`/api/v1/flows.ndjson?${nothing}`)).text()).toBe('');
    expect(await (await api.get(`/api/v1/flows.json?${nothing}`)).json()).toMatchObject({
      count: 0,
      flows: [],
    });
  });

  test('as CSV has the columns that are asked for in their order, and no formula (fault 77)', async () => {
    const response = await api.get(
      '/api/v1/flows.csv?q=verdict:dropped&cols=l7,verdict,bytes,reason',
    );
    expect(await response.text()).toBe(
      'l7.protocol,l7.type,l7.method,l7.path,l7.status,verdict,bytes.forward,bytes.reverse,reason,reason_words\r\n' +
        'http,request,\'=cmd(),"/a,""b""",,dropped,,,POLICY_DENIED,no network policy allows it (default deny)\r\n',
    );
  });

  test('has all columns unless told', async () => {
    const head = (await (await api.get('/api/v1/flows.csv?q=port:1')).text()).trimEnd().split(',');
    expect(head).toEqual(expect.arrayContaining(['time', 'from.ns', 'to.identity', 'seq']));
    expect(head.length).toBeGreaterThan(COLUMN_IDS.length);
    expect(new Set(head).size).toBe(head.length);
  });

  test('is named after its range, and says how complete it is before its first line', async () => {
    const response = await api.get(
      '/api/v1/flows.csv?t=2026-02-02T02:40:00Z..2026-02-02T02:50:00Z&cols=time',
    );
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="dropwise-flows-20260202T024000Z-20260202T025000Z.csv"',
    );
    expect(response.headers.get('x-dropwise-completeness')).toMatch(
      /^lower-bound; watched=[\d.]+; lost=7; gaps=1; rejected=0$/,
    );
    await response.text();
  });

  test('up to a sequence number stays what it is while more is stored', async () => {
    const path = `/api/v1/flows.csv?asof=${COUNT}&cols=id`;
    const before = await (await api.get(path)).text();
    await api.store.append(batchOf([aFlow({ observedAt: nanos(FIRST + 90_000n * SECOND) })]));
    expect(await (await api.get(path)).text()).toBe(before);
    expect(before.split('\r\n')).toHaveLength(COUNT + 2);
  });

  test.each([
    ['q=colour:red', 'bad-query'],
    ['t=yesterday', 'bad-time'],
    ['cols=time,shoe', 'bad-request'],
    ['asof=-1', 'bad-request'],
  ])('of %s is refused before it begins: %s', async (search, code) => {
    const response = await api.get(`/api/v1/flows.csv?${search}`);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-disposition')).toBeNull();
    expect(await response.json()).toMatchObject({ code });
  });
});

describe('an export that is not read to its end', () => {
  test('is not read from the store ahead of its client, and no more once the client is gone', async () => {
    await using endless = await endlessApi();
    const answer = await ask(`${endless.url}/api/v1/flows.ndjson`);
    answer.pause();
    const held = await settled(endless.pages);
    // A few hundred kilobytes wait in sockets on the way; all that there is would be without end.
    expect(held).toBeLessThan(60);

    answer.resume();
    await eventually(() => expect(endless.pages()).toBeGreaterThan(held));
    answer.destroy();
    await eventually(() => expect(endless.signal()?.aborted).toBe(true));
    const last = await settled(endless.pages);
    expect(await settled(endless.pages)).toBe(last);
  });

  test('ends without its end when the store fails midway', async () => {
    await using endless = await endlessApi({ failAfter: 3 });
    const answer = await ask(`${endless.url}/api/v1/flows.json`);
    expect(answer.statusCode).toBe(200);
    answer.resume();
    await once(answer, 'error');
    expect(answer.complete).toBe(false);
  });
});

/** The API over a store whose pages never end. */
async function endlessApi({ failAfter = Infinity } = {}) {
  const api = await openApi({
    reader: (store) => ({
      ...store,
      page: async (query, request) => {
        pages += 1;
        signal = request.signal;
        if (pages > failAfter) throw new AppError('store-failed', 'the disk is gone');
        const page = await store.page(query, { limit: 1_000, order: 'newest' });
        return { ...page, next: 1 };
      },
    }),
  });
  let pages = 0;
  let signal: AbortSignal | undefined;
  await api.store.append(batchOf(Array.from({ length: 1_000 }, () => aFlow())));
  return {
    url: api.url,
    pages: () => pages,
    signal: () => signal,
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

async function ask(url: string): Promise<IncomingMessage> {
  const request = get(url);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return answer;
}

/** A count once it has stood still over several turns of the event loop and the store. */
async function settled(count: () => number): Promise<number> {
  let [last, still] = [count(), 0];
  while (still < 50) {
    await new Promise((turn) => setTimeout(turn, 5));
    still = count() === last ? still + 1 : 0;
    last = count();
  }
  return last;
}
