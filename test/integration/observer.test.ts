import { appendFileSync, writeFileSync } from 'node:fs';
import { credentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startServer, type RunningServer } from '../../server/app.ts';
import { loadSettings } from '../../server/config.ts';
import type { Flow, FlowBatch } from '../../server/core/flow.ts';
import { formatTime, nanos } from '../../server/core/time.ts';
import { systemClock } from '../../server/lib/clock.ts';
import { createLogger } from '../../server/lib/log.ts';
import { importFile } from '../../server/operations/import-files.ts';
import {
  getFlowsResponse,
  getNamespacesResponse,
  getNodesResponse,
  OBSERVER_SERVICE,
  serverStatusResponse,
} from '../../server/sources/hubble-proto.ts';
import type { JsonObject } from '../../server/sources/json-value.ts';
import { eventually } from '../support/eventually.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import {
  failure,
  flowsOf,
  maskedRequest,
  oldMaskedRequest,
  openClient,
  type ObserverClient,
} from '../support/observer-client.ts';
import { openTestObserver, type TestObserver } from '../support/open-observer.ts';
import { sampleLines, samplePath } from '../support/samples.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { createTestCa, pem } from '../support/tls.ts';

const START = 1_770_000_000_000_000_000n;
const SECOND = 1_000_000_000n;
const at = (second: number): string => formatTime(nanos(START + BigInt(second) * SECOND));

/** A flow of a relay, observed so many seconds after the start, that says its number as its uuid. */
function numbered(second: number, differences: JsonObject = {}): Flow {
  const time = at(second);
  const flow = { time, uuid: String(second), node_name: 'east/n1', verdict: 'FORWARDED' };
  const bytes = getFlowsResponse.encode({
    node_name: 'east/n1',
    time,
    flow: { ...flow, ...differences },
  });
  const observedAt = nanos(START + BigInt(second) * SECOND);
  return aFlow({ observedAt, receivedAt: observedAt, raw: { format: 'hubble-protobuf', bytes } });
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);
const numbersOf = (flows: readonly JsonObject[]): number[] => flows.map(({ uuid }) => Number(uuid));

describe('the Observer API over stored flows', () => {
  let stack = new AsyncDisposableStack();
  let observer: TestObserver;
  let recordPages = 0;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    recordPages = 0;
    observer = stack.use(
      await openTestObserver({
        reader: (store) => ({
          ...store,
          records: (query, request) => {
            recordPages += 1;
            return store.records(query, request);
          },
        }),
      }),
    );
  });
  afterEach(() => stack.disposeAsync());

  /** Commits and tells, as ingest does. */
  const commit = async (flows: readonly Flow[], more: Partial<FlowBatch> = {}): Promise<void> => {
    const { firstSeq, blocks, gaps } = await observer.store.append(batchOf(flows, more));
    const head = firstSeq + flows.length - 1;
    observer.hub.publish({ head: Math.max(head, observer.store.head()), blocks, gaps, untold: 0 });
  };

  test('number gives the newest, first the oldest, since with number the oldest from then on', async () => {
    await commit(range(0, 1_000).map((second) => numbered(second)));
    const { client } = observer;
    expect(numbersOf(await client.flows({}))).toEqual(range(0, 1_000));
    expect(numbersOf(await client.flows({ number: '3' }))).toEqual([997, 998, 999]);
    expect(numbersOf(await client.flows({ number: '3', first: true }))).toEqual([0, 1, 2]);
    expect(numbersOf(await client.flows({ number: '2', since: at(500) }))).toEqual([500, 501]);
    expect(numbersOf(await client.flows({ number: '700' }))).toEqual(range(300, 1_000));
    expect(numbersOf(await client.flows({ number: String(2n ** 64n - 1n) }))).toHaveLength(1_000);
    expect(numbersOf(await client.flows({ since: at(10), until: at(12) }))).toEqual([10, 11, 12]);
    expect(numbersOf(await client.flows({ number: '2', until: at(12) }))).toEqual([11, 12]);
  });

  test('number counts what the filters select', async () => {
    await commit(
      range(0, 900).map((second) =>
        numbered(second, second % 300 === 0 ? { IP: { ipVersion: 'IPv6' } } : {}),
      ),
    );
    const whitelist = [{ ip_version: ['IPv6'] }];
    expect(numbersOf(await observer.client.flows({ number: '2', whitelist }))).toEqual([300, 600]);
    expect(numbersOf(await observer.client.flows({ number: '9', whitelist }))).toHaveLength(3);
    const blacklist = [{ ip_version: ['IP_NOT_USED'] }];
    expect(numbersOf(await observer.client.flows({ blacklist }))).toEqual([0, 300, 600]);
  });

  test('who follows gets history and then what is committed, each once', async () => {
    await commit(range(0, 700).map((second) => numbered(second)));
    const since = at(100);
    const all = observer.client.read({ follow: true, since });
    const few = observer.client.read({ follow: true, number: '2' });
    const live = observer.client.read({ follow: true });
    await eventually(() => expect(few.messages).toHaveLength(2));
    for (let from = 700; from < 1_500; from += 50) {
      await commit(range(from, from + 50).map((second) => numbered(second)));
    }
    await eventually(() => expect(flowsOf(all.messages)).toHaveLength(1_400));
    expect(numbersOf(flowsOf(all.messages))).toEqual(range(100, 1_500));
    await eventually(() => expect(flowsOf(few.messages)).toHaveLength(802));
    expect(numbersOf(flowsOf(few.messages))).toEqual(range(698, 1_500));
    await eventually(() => expect(numbersOf(flowsOf(live.messages)).at(-1)).toBe(1_499));
    const told = numbersOf(flowsOf(live.messages));
    expect(told).toEqual(range(1_500 - told.length, 1_500));
    for (const reading of [all, few, live]) reading.cancel();
  });

  test('who follows until a time that has passed gets an end', async () => {
    await commit([numbered(0), numbered(1), numbered(2)]);
    const flows = await observer.client.flows({ follow: true, since: at(0), until: at(1) });
    expect(numbersOf(flows)).toEqual([0, 1]);
  });

  test('who stops reading stops the reading of the store, and who goes away ends it', async () => {
    const summary = 'x'.repeat(4_000);
    await commit(range(0, 20_000).map((second) => numbered(second, { Summary: summary })));
    const reading = observer.client.read({});
    await eventually(() => expect(reading.messages.length).toBeGreaterThan(0));
    reading.pause();
    let before = -1;
    await eventually(
      () => {
        const stands = recordPages === before;
        before = recordPages;
        expect(stands).toBe(true);
      },
      { everyMs: 300 },
    );
    expect(recordPages).toBeLessThan(40);
    reading.cancel();
    await expect(reading.ended).rejects.toMatchObject({ code: status.CANCELLED });
    // The place of the call is free again, and nothing is read for it.
    expect(await observer.client.flows({ number: '1' })).toHaveLength(1);
    expect(recordPages).toBeLessThan(before + 3);
  });

  test('a record of a relay is given back byte for byte', async () => {
    const bytes = Buffer.concat([
      getFlowsResponse.encode({ flow: { uuid: '7', verdict: 'DROPPED' } }),
      // A field that nobody knows yet.
      Buffer.of(0xfa, 0x7f, 0x02, 0x68, 0x69),
    ]);
    await commit([aFlow({ raw: { format: 'hubble-protobuf', bytes } })]);
    for (const request of [{}, { whitelist: [{ uuid: ['7'] }] }]) {
      const reading = observer.client.read(request);
      await reading.ended;
      expect(reading.bytes.map((told) => Buffer.compare(told, bytes))).toEqual([0]);
    }
  });

  test('a field mask leaves what it names, at its present and its former place', async () => {
    await commit([
      numbered(1, { source: { identity: 7, namespace: 'shop' }, IP: { source: '10.0.0.1' } }),
    ]);
    const masks = [
      maskedRequest(['source.namespace', 'uuid', 'l4.TCP']),
      oldMaskedRequest(['source.namespace', 'uuid']),
    ];
    for (const request of masks) {
      expect(await observer.client.flows(request)).toEqual([
        { source: { namespace: 'shop' }, uuid: '1' },
      ]);
    }
  });

  test('what cannot be answered is refused, with what it is', async () => {
    const refusals: readonly (readonly [Buffer | object, RegExp])[] = [
      [{ first: true, follow: true }, /first: cannot go with follow/],
      [maskedRequest(['source.nothing']), /'source.nothing' is no field of flow.Flow/],
      [maskedRequest(['source.workloads.name']), /'source.workloads.name' is no field/],
      [{ whitelist: [{ source_ip: ['10.0.0'] }] }, /source_ip: '10.0.0' is neither/],
      [{ blacklist: [{ destination_port: ['http'] }] }, /destination_port: 'http' is no port/],
      [{ whitelist: [{ http_path: ['(?=x)'] }] }, /http_path: .*RE2/],
      [{ whitelist: [{ http_method: ['GET'], event_type: [{ type: 4 }] }] }, /http_method: needs/],
      [{ whitelist: [{ source_label: ['a in b'] }] }, /source_label: .*no label selector/],
      [{ whitelist: [{ protocol: ['quic'] }] }, /protocol: 'quic' is none of/],
      [
        { whitelist: [{ experimental: { cel_expression: ['_flow.uuid.startsWith("a")'] } }] },
        /experimental: the CEL expression .* Use filters/,
      ],
      // A whitelist entry with field 900 of type text.
      [Buffer.of(0x32, 0x04, 0xa2, 0x38, 0x01, 0x61), /field of number 900, which is newer/],
      [Buffer.of(0x32, 0x7f), /is no GetFlowsRequest/],
    ];
    for (const [request, reason] of refusals) {
      const error = await failure(observer.client.read(request));
      expect(error.details).toMatch(reason);
      expect(error.code).toBe(status.INVALID_ARGUMENT);
    }
    for (const name of ['GetAgentEvents', 'GetDebugEvents']) {
      const call = observer.client.stream(`/observer.Observer/${name}`, Buffer.alloc(0));
      expect(await failure(call)).toMatchObject({
        code: status.UNIMPLEMENTED,
        details: expect.stringContaining('Dropwise stores flows') as string,
      });
    }
  });

  test('counted losses stand between the flows, and unwatched spans are not told as losses', async () => {
    const gap = { kind: 'lost', origin: 'test', node: 'east/n1', count: 12n } as const;
    const span = (from: number, to: number) => ({
      from: nanos(START + BigInt(from) * SECOND),
      to: nanos(START + BigInt(to) * SECOND),
    });
    await commit(
      range(0, 10).map((second) => numbered(second)),
      {
        gaps: [
          { ...gap, ...span(3, 5), reason: 'OBSERVER_EVENTS_QUEUE' },
          {
            ...gap,
            ...span(6, 7),
            kind: 'unwatched',
            count: undefined,
            reason: 'relay disconnected',
          },
        ],
      },
    );
    const reading = observer.client.read({ follow: true, since: at(0) });
    await eventually(() => expect(reading.messages).toHaveLength(11));
    expect(reading.messages[5]).toEqual({
      lost_events: {
        source: 'OBSERVER_EVENTS_QUEUE',
        num_events_lost: '12',
        first: at(3).replace('.000000000', ''),
        last: at(5).replace('.000000000', ''),
      },
      node_name: 'east/n1',
      time: at(5).replace('.000000000', ''),
    });
    await commit([], { gaps: [{ ...gap, ...span(11, 12), reason: 'relay too slow' }] });
    await eventually(() => expect(reading.messages).toHaveLength(12));
    expect(reading.messages[11]).toMatchObject({ lost_events: { num_events_lost: '12' } });
    reading.cancel();
  });

  test('Calico flows are told as policy verdicts, and found by the same filters', async () => {
    await importFile(observer.store, {
      file: samplePath('calico/constructed-flows.jsonl'),
      clock: systemClock(),
      progress: () => undefined,
      signal: new AbortController().signal,
    });
    const { flows: stored } = await observer.store.page(
      { where: undefined },
      { limit: 1_000, order: 'oldest' },
    );
    const denied = stored.filter(({ verdict }) => verdict.kind === 'dropped');
    expect(denied.length).toBeGreaterThan(0);
    const flows = await observer.client.flows({ whitelist: [{ verdict: ['DROPPED'] }] });
    expect(flows.map(({ uuid }) => uuid)).toEqual(denied.map(({ id }) => id));
    for (const flow of flows) {
      expect(flow).toMatchObject({ emitter: { name: 'Calico' }, event_type: { type: 5 } });
    }
    const one = denied.find(({ source }) => source.kind === 'workload');
    const { namespace = '', workload = '', pod = '' } = one?.source ?? {};
    const ofPod = await observer.client.flows({
      whitelist: [{ source_pod: [`${namespace}/${pod || workload}`], verdict: ['DROPPED'] }],
    });
    expect(ofPod.map(({ uuid }) => uuid)).toContain(one?.id);
  });

  test('status, nodes and namespaces tell of the store', async () => {
    const { client, store } = observer;
    expect(
      serverStatusResponse.decode(await client.unary(OBSERVER_SERVICE.ServerStatus.path)),
    ).toMatchObject({
      version: 'Dropwise 0.0.0-test',
    });
    await store.append(batchOf(range(0, 5).map((second) => numbered(second))));
    expect(
      serverStatusResponse.decode(await client.unary(OBSERVER_SERVICE.ServerStatus.path)),
    ).toMatchObject({
      num_flows: '5',
      max_flows: '5',
      seen_flows: '5',
    });
    expect(getNodesResponse.decode(await client.unary(OBSERVER_SERVICE.GetNodes.path))).toEqual({
      nodes: [{ name: 'east/node-1' }],
    });
    expect(
      getNamespacesResponse.decode(await client.unary(OBSERVER_SERVICE.GetNamespaces.path)),
    ).toEqual({
      namespaces: [{ namespace: 'shop' }],
    });
    expect(await client.unary('/grpc.health.v1.Health/Check')).toEqual(Buffer.of(8, 1));
  });
});

describe('where the Observer API listens', () => {
  test('an address that is not loopback needs TLS with client certificates', async () => {
    const refused = { code: 'bad-setting' };
    for (const address of ['0.0.0.0:0', '[::]:0', 'example.org:4245']) {
      const opening = openTestObserver({ settings: { address } });
      await expect(opening).rejects.toMatchObject({
        ...refused,
        message: expect.stringContaining('--observer-tls-client-ca') as string,
      });
    }
    for (const settings of [{ address: '4245' }, { cert: '/x.crt' }, { clientCa: '/x.crt' }]) {
      await expect(openTestObserver({ settings })).rejects.toMatchObject(refused);
    }
    const missing = { cert: '/no/tls.crt', key: '/no/tls.key' };
    await expect(openTestObserver({ settings: missing })).rejects.toThrow(
      /'\/no\/tls.crt' cannot be read/,
    );
  });

  test('only a client with a certificate of the CA is answered', async () => {
    using ca = createTestCa();
    const [server, known] = [ca.issue('observer.test'), ca.issue('client.test')];
    using other = createTestCa();
    const stranger = other.issue('client.test');
    await using observer = await openTestObserver({
      settings: { address: '0.0.0.0:0', cert: server.cert, key: server.key, clientCa: ca.ca },
    });
    await observer.store.append(batchOf([numbered(1)]));
    const address = observer.address.replace('0.0.0.0', '127.0.0.1');
    const connect = (pair?: { cert: string; key: string }): ObserverClient =>
      openClient(address, {
        serverName: 'observer.test',
        credentials:
          pair === undefined
            ? credentials.createSsl(pem(ca.ca))
            : credentials.createSsl(pem(ca.ca), pem(pair.key), pem(pair.cert)),
      });
    using client = connect(known);
    expect(numbersOf(await client.flows({}))).toEqual([1]);
    using nobody = connect();
    using foreign = connect(stranger);
    using plain = openClient(address);
    for (const refused of [nobody, foreign, plain]) {
      expect(await failure(refused.read({}))).toMatchObject({ code: status.UNAVAILABLE });
    }
  });
});

describe('the whole program', () => {
  test('answers Hubble clients only where it is told to, from history and live', async () => {
    await using directory = await temporaryDirectory();
    const path = `${directory.path}/events.log`;
    const lines = sampleLines('hubble/trace-tcp.jsonl');
    writeFileSync(
      path,
      lines
        .slice(0, 20)
        .map((line) => `${line}\n`)
        .join(''),
    );
    const start = (flags: Record<string, string>): Promise<RunningServer> => {
      const data = `${directory.path}/data`;
      const settings = loadSettings({ data, port: '0', ...flags }, {});
      const sources = [{ kind: 'hubble-file' as const, name: 'file', path }];
      return startServer({ ...settings, sources }, { log: createLogger('error') });
    };
    {
      await using silent = await start({});
      expect(silent.observer).toBeUndefined();
    }
    await using running = await start({ observer: '127.0.0.1:0' });
    using client = openClient(running.observer ?? '');
    const reading = client.read({ follow: true, since: '2000-01-01T00:00:00Z' });
    await eventually(() => expect(reading.messages).toHaveLength(20));
    appendFileSync(
      path,
      lines
        .slice(20)
        .map((line) => `${line}\n`)
        .join(''),
    );
    await eventually(() => expect(reading.messages).toHaveLength(lines.length));
    const told = lines.map((line) => (JSON.parse(line) as { flow: { IP: unknown } }).flow.IP);
    expect(flowsOf(reading.messages).map(({ IP }) => IP)).toEqual(told);
    reading.cancel();
  });
});
