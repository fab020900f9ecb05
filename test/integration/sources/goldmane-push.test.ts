import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SourcesResponse } from '../../../server/http/contract.ts';
import { systemClock } from '../../../server/lib/clock.ts';
import type { ReportSource, SourceReport } from '../../../server/sources/flow-source.ts';
import { goldmanePush } from '../../../server/sources/goldmane-push.ts';
import { startReading } from '../../support/collect-batches.ts';
import { serveDropwise, type ServingDropwise } from '../../support/dropwise.ts';
import { eventually } from '../../support/eventually.ts';
import { goldmaneSamples } from '../../support/goldmane-flows.ts';
import { push } from '../../support/push-client.ts';
import { storeSource, type StoredSource } from '../../support/stored-source.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { createTestCa, type TestCa } from '../../support/tls.ts';

const SERVER_NAME = 'dropwise.example';

function certificates(ca: TestCa) {
  const server = ca.issue(SERVER_NAME);
  return {
    sink: { ...server, clientCa: ca.ca },
    client: { ca: ca.ca, serverName: SERVER_NAME, client: ca.issue('goldmane') },
  };
}

const sinkWith = (tls: ReturnType<typeof certificates>['sink']) => (report: ReportSource) =>
  goldmanePush({ name: 'push', listen: '127.0.0.1:0', tls, clock: systemClock(), report });

const addressIn = (detail: string): string => {
  const match = /https:\/\/([^;]+)/.exec(detail);
  if (match?.[1] === undefined) throw new Error(`it does not listen: ${detail}`);
  return match[1];
};

const listening = ({ status }: StoredSource): Promise<string> =>
  eventually(() => addressIn(status().detail));

const emitted = goldmaneSamples().flatMap(({ emitter_json }) =>
  emitter_json === undefined ? [] : [JSON.stringify(emitter_json)],
);

const HITS = [
  'ep1-1-allow-all egress 0: 3/0/0/0',
  'np1-1 egress 0: 0/0/3/0',
  'np1-1 ingress 1: 0/0/3/0',
  'np2-3 ingress 0: 0/0/0/3',
  'np3-3 ingress 0: 3/0/0/0',
];

describe('the sink for what Goldmane pushes', () => {
  test('a body is stored before it is answered, and one that comes again adds nothing', async () => {
    using ca = createTestCa();
    const { sink, client } = certificates(ca);
    await using directory = await temporaryDirectory();
    await using reading = await storeSource(directory.path, sinkWith(sink));
    const address = await listening(reading);
    for (let time = 0; time < 3; time += 1) {
      const { status, body } = await push(address, [emitted.join('\n')], client);
      expect([status, JSON.parse(body)]).toEqual([200, { flows: 6, rejected: 0 }]);
      expect(await reading.stored()).toBe(6);
      expect(await reading.hits()).toEqual(HITS);
    }
    const { flows } = await reading.store.records(
      { where: undefined },
      { limit: 1, order: 'oldest' },
    );
    expect(flows[0]?.raw.format).toBe('goldmane-json');
    expect(Buffer.from(flows[0]?.raw.bytes ?? []).toString()).toBe(emitted[0]);
  });

  test('a certificate of another authority, or none, is refused and told', async () => {
    using ca = createTestCa();
    using stranger = createTestCa();
    const { sink, client } = certificates(ca);
    await using directory = await temporaryDirectory();
    await using reading = await storeSource(directory.path, sinkWith(sink));
    const address = await listening(reading);
    for (const shown of [stranger.issue('goldmane'), undefined]) {
      const base = { ca: client.ca, serverName: client.serverName };
      const tls = shown === undefined ? base : { ...base, client: shown };
      await expect(push(address, [emitted.join('\n')], tls)).rejects.toThrow();
    }
    expect(await reading.stored()).toBe(0);
    await eventually(() => expect(reading.status().detail).toContain('a client was not let in'));
    expect((await push(address, [emitted[0] ?? ''], client)).status).toBe(200);
  });

  test('what is not committed is answered with 503, and lines that are no flows with 400', async () => {
    using ca = createTestCa();
    const { sink, client } = certificates(ca);
    const reports: SourceReport[] = [];
    // Nobody stores what this reading gathers.
    await using reader = startReading(sinkWith(sink)((told) => void reports.push(told)));
    const unstored = await eventually(() => addressIn(reports.at(-1)?.detail ?? ''));
    expect((await push(unstored, [emitted.join('\n')], client)).status).toBe(503);
    expect(reader.flows()).toHaveLength(6);

    await using directory = await temporaryDirectory();
    await using reading = await storeSource(directory.path, sinkWith(sink));
    const address = await listening(reading);
    expect((await push(address, ['{"a":1}\nnot JSON\n'], client)).status).toBe(400);
    const mixed = await push(address, [`${emitted[0] ?? ''}\n{"a":1}\n`], client);
    expect(mixed).toEqual({ status: 200, body: '{"flows":1,"rejected":1}\n' });
    const [origin] = await reading.store.origins();
    expect(origin?.rejected.map(({ reason, count }) => [reason, count]).toSorted()).toEqual([
      ['not JSON', 1],
      ['not a Goldmane flow', 2],
    ]);
  });
});

test('new TLS files serve the next client, and files that cannot be used are told', async () => {
  using ca = createTestCa();
  const { sink, client } = certificates(ca);
  const renewed = ca.issue('other.example');
  const reports: SourceReport[] = [];
  await using directory = await temporaryDirectory();
  await using reading = await storeSource(directory.path, (report) =>
    goldmanePush({
      ...{ name: 'push', listen: '127.0.0.1:0', tls: sink, clock: systemClock(), tlsPollMs: 20 },
      report: (told) => {
        reports.push(told);
        report(told);
      },
    }),
  );
  const address = await listening(reading);
  copyFileSync(renewed.cert, sink.cert);
  await eventually(() =>
    expect(reports.some(({ detail }) => detail?.includes('cannot be used'))).toBe(true),
  );
  expect((await push(address, [emitted[0] ?? ''], client)).status).toBe(200);
  copyFileSync(renewed.key, sink.key);
  await eventually(async () => {
    const tls = { ...client, serverName: 'other.example' };
    expect((await push(address, [emitted[1] ?? ''], tls)).status).toBe(200);
  });
  expect(await reading.stored()).toBe(2);
});

/** Lines as the emitter writes them, each a flow of its own, until they weigh so many bytes. */
function* manyLines(bytes: number): Generator<string> {
  const sample = JSON.parse(emitted[2] ?? '') as { Key: object };
  const padding = Array.from({ length: 24 }, (_, at) => `example.org/label-${at}=value-${at}`);
  let sent = 0;
  for (let at = 0; sent < bytes; at += 1) {
    // Two thousand clients, as a large cluster has; the flows of each differ in the port.
    const [client, port] = [at % 2_000, 1_024 + Math.floor(at / 2_000)];
    const Key = { ...sample.Key, source_name: `client-${client}-*`, dest_port: port };
    const line = JSON.stringify({ ...sample, Key, source_labels: padding, dest_labels: padding });
    yield `${line}\n`;
    sent += line.length + 1;
  }
}

const peakOf = ({ pid }: ServingDropwise): number => {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
};

async function pushSource({ url }: ServingDropwise) {
  const { sources } = (await (await fetch(`${url}api/v1/sources`)).json()) as SourcesResponse;
  const source = sources.find(({ kind }) => kind === 'goldmane-push');
  if (source === undefined) throw new Error('there is no push sink');
  return source;
}

const serveSink = (data: string, sink: ReturnType<typeof certificates>['sink']) =>
  serveDropwise([
    ...['serve', '--port', '0', '--data', data, '--goldmane-push', 'sink=127.0.0.1:0'],
    ...['--goldmane-push-tls-cert', sink.cert, '--goldmane-push-tls-key', sink.key],
    ...['--goldmane-push-tls-client-ca', sink.clientCa],
  ]);

const listeningServer = (server: ServingDropwise): Promise<string> =>
  eventually(async () => addressIn((await pushSource(server)).detail));

describe('a process of its own', () => {
  test('takes a body of 100 MB without holding it, and only once', async () => {
    using ca = createTestCa();
    const { sink, client } = certificates(ca);
    await using directory = await temporaryDirectory();
    await using server = await serveSink(join(directory.path, 'data'), sink);
    const address = await listeningServer(server);
    // What a program needs for any body at all is not what is asked here.
    expect((await push(address, manyLines(20_000_000), client)).status).toBe(200);
    const before = peakOf(server);
    const { status, body } = await push(address, manyLines(100_000_000), client);
    expect(status).toBe(200);
    const grown = peakOf(server) - before;
    const { flows } = JSON.parse(body) as { flows: number };
    expect((await pushSource(server)).stored).toBe(flows);
    // Held, it would be twice its size and more: its text, and the flows that were made of it.
    expect(grown).toBeLessThan(150_000_000);
  }, 120_000);

  test('kill -9 in the middle of a body: pushed again it is complete and counted once', async () => {
    using ca = createTestCa();
    const { sink, client } = certificates(ca);
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    const first = await serveSink(data, sink);
    const cut = push(await listeningServer(first), manyLines(60_000_000), client);
    const broken = expect(cut).rejects.toThrow();
    await eventually(async () => expect((await pushSource(first)).stored).toBeGreaterThan(0), {
      everyMs: 5,
    });
    const stored = (await pushSource(first)).stored;
    await first.kill();
    await broken;

    await using second = await serveSink(data, sink);
    const { status, body } = await push(
      await listeningServer(second),
      manyLines(60_000_000),
      client,
    );
    expect(status).toBe(200);
    const { flows } = JSON.parse(body) as { flows: number };
    expect(flows).toBeGreaterThan(stored);
    expect((await pushSource(second)).stored).toBe(flows);
    const answer = await fetch(`${second.url}api/v1/policies?t=all`);
    const { policies } = (await answer.json()) as {
      policies: { policy: { name: string }; totals: { passed: number } }[];
    };
    const hit = policies.find(({ policy }) => policy.name === 'np1-1');
    expect(hit?.totals.passed).toBe(3 * flows);
  }, 120_000);
});
