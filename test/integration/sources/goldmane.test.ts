import { copyFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../server/lib/clock.ts';
import type { ReportSource } from '../../../server/sources/flow-source.ts';
import type { GoldmaneOptions } from '../../../server/sources/goldmane-line.ts';
import { statisticsResult } from '../../../server/sources/goldmane-proto.ts';
import { goldmane } from '../../../server/sources/goldmane.ts';
import { eventually } from '../../support/eventually.ts';
import { ALL_TIME } from '../../support/flow-stores.ts';
import {
  asResult,
  embedded,
  goldmaneFlow,
  goldmaneSamples,
  sampleFlowResults,
} from '../../support/goldmane-flows.ts';
import { startGoldmane } from '../../support/goldmane-server.ts';
import { storeSource } from '../../support/stored-source.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { createTestCa } from '../../support/tls.ts';

const FIRST = 1_760_000_010;
const SERVER_NAME = 'goldmane.calico-system.svc';

const sourceAt =
  (options: Partial<GoldmaneOptions> & { readonly address: string }) => (report: ReportSource) =>
    goldmane({ name: 'goldmane', clock: systemClock(), report, settleMs: 50, ...options });

const sendBuckets =
  (...buckets: readonly number[]) =>
  (stream: { send: (message: Buffer) => void }): void => {
    for (const at of buckets) {
      for (const client of ['a', 'b']) {
        stream.send(asResult(goldmaneFlow(FIRST + at * 15, client)));
      }
    }
  };

describe('goldmane', () => {
  test('wire samples arrive over mutual TLS as flows and hits', async () => {
    using ca = createTestCa();
    const update = goldmaneSamples().find(({ message }) => message === 'goldmane.FlowUpdate');
    // What a node agent tells becomes a flow of the stream: field 1 there, field 2 here.
    const told = Buffer.from(update?.base64 ?? '', 'base64');
    const flow = told.subarray(told.indexOf(0x0a, 1));
    await using server = await startGoldmane({
      tls: { server: ca.issue(SERVER_NAME), clientCa: ca.ca },
      onStream: (stream) => {
        for (const message of [...sampleFlowResults(), embedded(2, flow)]) stream.send(message);
      },
    });
    await using directory = await temporaryDirectory();
    const tls = { ca: ca.ca, ...ca.issue('dropwise'), serverName: SERVER_NAME };
    await using reading = await storeSource(
      directory.path,
      sourceAt({ address: server.address, tls }),
    );
    await eventually(async () => expect(await reading.stored()).toBe(7));
    expect(server.streams[0]?.since).toBe('-3600');
    expect(reading.status()).toMatchObject({ state: 'reading', kind: 'goldmane' });
    expect(reading.status().certificateExpiresAt).toBeDefined();
    expect(await reading.hits()).toEqual([
      'ep1-1-allow-all egress 0: 3/0/0/0',
      'np1-1 egress 0: 0/0/3/0',
      'np1-1 ingress 1: 0/0/3/0',
      'np2-3 ingress 0: 0/0/0/3',
      'np2-3 ingress 1: 0/0/0/3',
      'np2-4 ingress 0: 0/3/0/0',
      'np3-3 ingress 0: 3/0/0/0',
    ]);
    const { flows } = await reading.store.records(
      { where: undefined },
      { limit: 1, order: 'oldest' },
    );
    expect(flows[0]?.raw.format).toBe('goldmane-protobuf');
  });

  test('without a client certificate it is refused, and told what to do', async () => {
    using ca = createTestCa();
    await using server = await startGoldmane({
      tls: { server: ca.issue(SERVER_NAME), clientCa: ca.ca },
    });
    await using directory = await temporaryDirectory();
    const tls = { ca: ca.ca, serverName: SERVER_NAME };
    await using reading = await storeSource(
      directory.path,
      sourceAt({ address: server.address, tls }),
    );
    await eventually(() => expect(reading.status().state).toBe('retrying'));
    expect(reading.status().detail).toMatch(/certificate|connection was cut/);
    expect(reading.status().detail).not.toMatch(/hubble|cilium/i);
    expect(server.streams).toHaveLength(0);
  });

  test('after a disconnect it goes on two buckets before the last, and nothing counts twice', async () => {
    await using directory = await temporaryDirectory();
    const first = await startGoldmane({ onStream: sendBuckets(0, 1, 2) });
    const { port } = first;
    await using reading = await storeSource(directory.path, sourceAt({ address: first.address }));
    await eventually(async () => {
      expect(await reading.stored()).toBe(6);
      expect(await reading.store.loadCheckpoint('goldmane')).toBe(`{"start":${FIRST + 30}}`);
    });
    await first[Symbol.asyncDispose]();
    await using second = await startGoldmane({ port, onStream: sendBuckets(0, 1, 2, 3) });
    await eventually(async () => expect(await reading.stored()).toBe(8));
    expect(second.streams[0]?.since).toBe(String(FIRST));
    expect(await reading.hits()).toEqual(['web ingress 0: 16/0/0/0']);
    expect(await reading.store.gaps(ALL_TIME)).toEqual([]);
  });

  test('a crash in the middle of the first replay is read again and counted once', async () => {
    await using directory = await temporaryDirectory();
    await using server = await startGoldmane({ onStream: sendBuckets(2, 0, 1) });
    const options = { address: server.address, settleMs: 600_000 };
    const before = await storeSource(directory.path, sourceAt(options));
    await eventually(async () => expect(await before.stored()).toBe(6));
    expect(await before.store.loadCheckpoint('goldmane')).toBeUndefined();
    await before[Symbol.asyncDispose]();
    await using after = await storeSource(directory.path, sourceAt({ ...options, settleMs: 50 }));
    await eventually(async () =>
      expect(await after.store.loadCheckpoint('goldmane')).toBe(`{"start":${FIRST + 30}}`),
    );
    expect(await after.stored()).toBe(6);
    expect(await after.hits()).toEqual(['web ingress 0: 12/0/0/0']);
  });

  test('what Goldmane no longer holds after a reconnect is a gap', async () => {
    await using directory = await temporaryDirectory();
    const first = await startGoldmane({ onStream: sendBuckets(0) });
    const { port } = first;
    await using reading = await storeSource(directory.path, sourceAt({ address: first.address }));
    await eventually(async () =>
      expect(await reading.store.loadCheckpoint('goldmane')).toBeDefined(),
    );
    await first[Symbol.asyncDispose]();
    await using second = await startGoldmane({ port, onStream: sendBuckets(10) });
    const gaps = await eventually(async () => {
      const found = await reading.store.gaps(ALL_TIME);
      expect(found).toHaveLength(1);
      return found;
    });
    expect(second.streams[0]?.since).toBe(String(FIRST - 30));
    const nanos = 1_000_000_000n;
    expect(gaps[0]).toMatchObject({
      ...{ kind: 'unwatched', reason: 'goldmane disconnected' },
      from: BigInt(FIRST + 15) * nanos,
      to: BigInt(FIRST + 150) * nanos,
    });
  });

  test.each([
    ['agree', 20, ''],
    ['disagree', 29, 'default/web'],
  ])('statistics that %s', async (_word, packets, named) => {
    const x = [1, 2, 3].map((at) => String(FIRST + at * 15));
    let asked = 0;
    await using server = await startGoldmane({
      onStream: sendBuckets(0, 1, 2, 3),
      statistics: (request) => {
        asked += 1;
        expect(request).toEqual({
          ...{ start_time_gte: String(FIRST), start_time_lt: String(FIRST + 45) },
          time_series: true,
        });
        const policy = { kind: 'CalicoNetworkPolicy', namespace: 'shop', name: 'default.web' };
        // The bucket at the boundary is still being filled there, so it is not compared.
        const allowed_in = ['20', String(packets), '1'];
        const result = { policy: { ...policy, tier: 'default' }, x, allowed_in };
        return [statisticsResult.encode(result)];
      },
    });
    await using directory = await temporaryDirectory();
    await using reading = await storeSource(
      directory.path,
      sourceAt({ address: server.address, statisticsMs: 100 }),
    );
    await eventually(() => expect(asked).toBeGreaterThan(2));
    const detail = reading.status().detail;
    if (named === '') expect(detail).toBe('');
    else expect(detail).toContain('shop/default.web in tier default: 49 packets there, 40 read');
  });

  test('new TLS files are taken up without a loss and without a failure', async () => {
    using ca = createTestCa();
    await using server = await startGoldmane({
      tls: { server: ca.issue(SERVER_NAME), clientCa: ca.ca },
      onStream: sendBuckets(0, 1),
    });
    await using directory = await temporaryDirectory();
    const [mine, next] = [ca.issue('dropwise'), ca.issue('dropwise')];
    const tls = { ca: ca.ca, ...mine, serverName: SERVER_NAME };
    await using reading = await storeSource(
      directory.path,
      sourceAt({ address: server.address, tls, tlsPollMs: 20 }),
    );
    await eventually(async () => expect(await reading.stored()).toBe(4));
    copyFileSync(next.key, mine.key);
    copyFileSync(next.cert, mine.cert);
    await eventually(() => expect(server.streams.length).toBeGreaterThan(1));
    await eventually(() => expect(reading.status().state).toBe('reading'));
    expect(await reading.stored()).toBe(4);
  });
});
