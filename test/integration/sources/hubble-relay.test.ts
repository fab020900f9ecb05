import { createServer } from 'node:net';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../server/core/errors.ts';
import type { Checkpoint, Flow } from '../../../server/core/flow.ts';
import { getFlowsResponse } from '../../../server/sources/hubble-proto.ts';
import { createHubbleDecoder } from '../../../server/sources/decode/hubble.ts';
import { eventually } from '../../support/eventually.ts';
import { openRelay } from '../../support/open-relay.ts';
import { startObserver, type ObserverStream } from '../../support/observer-server.ts';
import { wireVectors } from '../../support/samples.ts';
import { createTestCa } from '../../support/tls.ts';

const BASE_MS = Date.parse('2026-01-02T03:04:05Z');

/** A flow at a number of milliseconds after the base, as bytes. */
function flowAt(ms: number, node = 'c/node-1', uuid = uuidOf(ms)): Buffer {
  const time = new Date(BASE_MS + ms).toISOString();
  const flow = { time, uuid, verdict: 'FORWARDED', node_name: node, event_type: { type: 4 } };
  return getFlowsResponse.encode({ flow, node_name: node, time });
}

const uuidOf = (ms: number): string => `00000000-0000-4000-8000-${String(ms).padStart(12, '0')}`;

const status_ = (state: string, nodes: string[], message = ''): Buffer =>
  getFlowsResponse.encode({
    node_status: { state_change: state, node_names: nodes, message },
    node_name: 'relay',
    time: new Date(BASE_MS).toISOString(),
  });

const sendVectors = (stream: ObserverStream): void => {
  for (const { pb } of wireVectors()) stream.send(Buffer.from(pb, 'base64'));
};

/** What matters of a flow, without what differs between bytes and JSON by nature. */
function essence(flow: Flow): object {
  const observedAt = flow.timeFrom === 'record' ? flow.observedAt : undefined;
  return { ...flow, observedAt, raw: undefined, receivedAt: undefined };
}

function vectorsAsJson(): readonly object[] {
  const decode = createHubbleDecoder({ origin: 'relay' });
  return wireVectors().flatMap(({ json }) => {
    const raw = { format: 'hubble-json', bytes: new Uint8Array() } as const;
    const result = decode({ record: json, raw, receivedAt: 0n as Flow['receivedAt'] });
    return result.ok && result.kind === 'flow' ? [essence(result.flow)] : [];
  });
}

describe('hubble relay', () => {
  test.each(['plain', 'mutual TLS'])(
    'wire vectors arrive over %s as their JSON decodes',
    async (transport) => {
      using ca = createTestCa();
      const tls = {
        server: ca.issue('*.hubble-relay.cilium.io'),
        clientCa: ca.ca,
      };
      await using server = await startObserver({
        onStream: sendVectors,
        ...(transport === 'plain' ? {} : { tls }),
      });
      const client = ca.issue('ui.hubble-ui.cilium.io');
      const clientTls = { ca: ca.ca, ...client, serverName: 'instance.hubble-relay.cilium.io' };
      await using opened = openRelay({
        address: server.address,
        ...(transport === 'plain' ? {} : { tls: clientTls }),
      });
      const { reading } = opened;
      // One vector holds an extension that Go itself cannot print; it has no JSON to compare with.
      const printable = new Set(
        wireVectors()
          .filter(({ json }) => json !== null)
          .map(({ pb }) => pb),
      );
      const expected = vectorsAsJson();
      const seen = await eventually(() => {
        const flows = reading
          .flows()
          .filter(({ raw }) => printable.has(Buffer.from(raw.bytes).toString('base64')));
        expect(flows).toHaveLength(expected.length);
        return flows;
      });
      expect(seen.map(essence)).toEqual(expected);
      expect(reading.error()).toBeUndefined();
    },
  );

  test('the first request asks for a backlog and follows, a later one for all since the marks', async () => {
    await using server = await startObserver({ onStream: (stream) => stream.send(flowAt(10_000)) });
    const first = openRelay({ address: server.address, backlog: 7 });
    await eventually(() => expect(first.reading.checkpoint()).toBeDefined());
    await first.reading.stop();
    const second = openRelay({ address: server.address }, first.reading.checkpoint());
    await eventually(() => expect(server.streams).toHaveLength(2));
    await second.reading.stop();
    expect(server.streams[0]?.request).toEqual({ follow: true, number: '7' });
    expect(server.streams[1]?.request).toEqual({ follow: true, since: '2026-01-02T03:04:10Z' });
  });

  test('after a restart of the relay the overlap is flagged and keeps its ids (fault 52)', async () => {
    const before = [0, 1000, 2000, 3000];
    const firstServer = await startObserver({
      onStream: (stream) => before.forEach((ms) => stream.send(flowAt(ms))),
    });
    const first = openRelay({ address: firstServer.address });
    await eventually(() => expect(first.reading.flows()).toHaveLength(4));
    await firstServer[Symbol.asyncDispose]();
    await first.reading.ended;
    expect(first.reading.error()).toBeInstanceOf(AppError);

    await using server = await startObserver({
      port: firstServer.port,
      onStream: (stream) => [1000, 2000, 3000, 4000].forEach((ms) => stream.send(flowAt(ms))),
    });
    await using second = openRelay({ address: server.address }, first.reading.checkpoint());
    await eventually(() => expect(second.reading.flows()).toHaveLength(4));
    expect(first.reading.batches.some((batch) => batch.mayRepeat)).toBe(false);
    expect(second.reading.batches[0]?.mayRepeat).toBe(true);
    const ids = new Set([...first.reading.flows(), ...second.reading.flows()].map(({ id }) => id));
    expect(ids.size).toBe(5);
    expect(second.reading.gaps()).toEqual([]);

    server.streams[0]?.send(flowAt(5000));
    await eventually(() => expect(second.reading.flows()).toHaveLength(5));
    expect(second.reading.batches.at(-1)?.mayRepeat).toBe(false);
  });

  test('a relay that no longer holds what was missed leaves a gap', async () => {
    await using server = await startObserver({ onStream: (stream) => stream.send(flowAt(60_000)) });
    const marks = { marks: { 'c/node-1': String(BigInt(BASE_MS) * 1_000_000n) } };
    await using opened = openRelay(
      { address: server.address },
      JSON.stringify(marks) as Checkpoint,
    );
    const { reading } = opened;
    await eventually(() => expect(reading.gaps()).toHaveLength(1));
    expect(reading.gaps()[0]).toMatchObject({
      kind: 'unwatched',
      node: 'c/node-1',
      reason: 'relay disconnected',
    });
  });

  test('a list of nodes that cannot be had is told, and the flows go on', async () => {
    let calls = 0;
    // The first call asks for the version; those that ask for the nodes get no answer.
    await using server = await startObserver({ answers: () => calls++ === 0 });
    await using opened = openRelay({
      address: server.address,
      nodePollMs: 20,
      callTimeoutMs: 50,
    });
    const { reading, reports } = opened;
    await eventually(() =>
      expect(reports.at(-1)?.detail).toContain('the nodes cannot be listed: '),
    );
    server.streams[0]?.send(flowAt(1));
    await eventually(() => expect(reading.flows()).toHaveLength(1));
    expect(calls).toBeGreaterThan(1);
    expect(reading.error()).toBeUndefined();
  });

  test('out-of-order flows move no mark back and duplicates keep one id (fault 54)', async () => {
    await using server = await startObserver({
      onStream: (stream) => [2000, 1000, 2000].forEach((ms) => stream.send(flowAt(ms))),
    });
    await using opened = openRelay({ address: server.address });
    const { reading } = opened;
    await eventually(() => expect(reading.flows()).toHaveLength(3));
    expect(new Set(reading.flows().map(({ id }) => id)).size).toBe(2);
    expect(reading.checkpoint()).toContain(String(BigInt(BASE_MS + 2000) * 1_000_000n));
  });

  test('a node that was unavailable is reported and its absence is a gap (fault 53)', async () => {
    let state = 'NODE_UNAVAILABLE';
    await using server = await startObserver({
      onStream: (stream) => {
        stream.send(status_('NODE_CONNECTED', ['c/node-1']));
        stream.send(status_('NODE_UNAVAILABLE', ['c/node-2']));
      },
      nodes: () => ({
        nodes: [
          { name: 'c/node-1', state: 'NODE_CONNECTED' },
          { name: 'c/node-2', state },
        ],
      }),
    });
    await using opened = openRelay({ address: server.address, nodePollMs: 20 });
    const { reading, reports } = opened;
    await eventually(() =>
      expect(reports.at(-1)?.nodes).toEqual({ connected: 1, unavailable: ['c/node-2'] }),
    );
    state = 'NODE_CONNECTED';
    await eventually(() =>
      expect(reports.at(-1)?.nodes).toEqual({ connected: 2, unavailable: [] }),
    );
    server.streams[0]?.send(flowAt(0));
    await eventually(() => expect(reading.gaps()).toHaveLength(1));
    expect(reading.gaps()[0]).toMatchObject({
      kind: 'unwatched',
      node: 'c/node-2',
      reason: 'node unavailable',
    });
  });

  test('the error of a node goes when the node tells again, and its absence stays as a gap (fault 53)', async () => {
    await using server = await startObserver({
      onStream: (stream) => {
        stream.send(status_('NODE_CONNECTED', ['c/node-1', 'c/node-2']));
        stream.send(status_('NODE_ERROR', ['c/node-2'], 'connection was lost'));
      },
    });
    await using opened = openRelay({ address: server.address });
    const { reading, reports } = opened;
    await eventually(() => expect(reports.at(-1)?.detail).toContain('node-2: connection was lost'));
    expect(reports.at(-1)?.nodes).toEqual({ connected: 1, unavailable: ['c/node-2'] });

    // Its clock is ahead of ours, so that this is later than the loss however fast the test runs.
    server.streams[0]?.send(flowAt(Date.now() + 60_000 - BASE_MS, 'c/node-2'));

    await eventually(() =>
      expect(reports.at(-1)).toMatchObject({
        detail: 'version test 1.19.4',
        nodes: { connected: 2, unavailable: [] },
      }),
    );
    await eventually(() => expect(reading.gaps()).toHaveLength(1));
    expect(reading.gaps()[0]).toMatchObject({
      kind: 'unwatched',
      node: 'c/node-2',
      reason: 'node unavailable',
    });
  });

  test('an OK end of a follow stream fails with the text of the last node error', async () => {
    await using server = await startObserver({
      onStream: (stream) => {
        stream.send(status_('NODE_ERROR', ['c/node-1'], 'invalid field mask'));
        stream.end();
      },
    });
    const { reading } = openRelay({ address: server.address });
    await reading.ended;
    expect(String(reading.error())).toContain('c/node-1: invalid field mask');
  });

  const refused = 'rpc error: code = Unknown desc = invalid field mask';
  const endings = [
    ['source-refused', 'every node says the same', [refused, refused]],
    ['source-failed', 'nodes say different things', [refused, 'something else']],
    ['source-failed', 'it is of the network', ['rpc error: code = Unavailable desc = closing']],
  ] as const;

  test.each(endings)('an OK end at the start is %s where %s', async (code, _, messages) => {
    await using server = await startObserver({
      onStream: (stream) => {
        stream.send(status_('NODE_CONNECTED', ['c/node-0', 'c/node-1'].slice(0, messages.length)));
        messages.forEach((message, n) =>
          stream.send(status_('NODE_ERROR', [`c/node-${n}`], message)),
        );
        stream.end();
      },
    });
    const { reading } = openRelay({ address: server.address });
    await reading.ended;
    expect(reading.error()).toMatchObject({ code });
  });

  test('an OK end after a flow is no refusal, whatever the nodes say', async () => {
    await using server = await startObserver({
      onStream: (stream) => {
        stream.send(flowAt(1));
        stream.send(status_('NODE_ERROR', ['c/node-1'], refused));
        stream.end();
      },
    });
    const { reading } = openRelay({ address: server.address });
    await reading.ended;
    expect(reading.error()).toMatchObject({ code: 'source-failed' });
  });

  test('an agent that refuses the request itself is told apart from one that is away', async () => {
    await using server = await startObserver({
      onStream: (stream) => stream.fail(status.INVALID_ARGUMENT, 'first cannot be used'),
    });
    const { reading } = openRelay({ address: server.address });
    await reading.ended;
    expect(reading.error()).toMatchObject({ code: 'source-refused' });
  });

  test('a flow of more than four megabytes passes', async () => {
    const policy_log = ['x'.repeat(5 * 1024 * 1024)];
    const time = new Date(BASE_MS).toISOString();
    const flow = { time, uuid: uuidOf(1), verdict: 'FORWARDED', policy_log };
    await using server = await startObserver({
      onStream: (stream) => stream.send(getFlowsResponse.encode({ flow, time })),
    });
    await using opened = openRelay({ address: server.address });
    await eventually(() => expect(opened.reading.flows()).toHaveLength(1));
  });

  test('bytes that are no message are counted and the stream goes on (fault 33)', async () => {
    const whole = flowAt(1);
    await using server = await startObserver({
      onStream: (stream) => {
        stream.send(whole.subarray(0, whole.length - 5));
        stream.send(Buffer.concat([whole, Buffer.from([0xff])]));
        stream.send(flowAt(2));
      },
    });
    await using opened = openRelay({ address: server.address });
    const { reading } = opened;
    await eventually(() => expect(reading.flows()).toHaveLength(1));
    expect(reading.rejected().reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });

  test('a storm of losses becomes one gap a node and cause with the exact sum (fault 56)', async () => {
    const lost = (n: number): Buffer =>
      getFlowsResponse.encode({
        lost_events: { source: 'HUBBLE_RING_BUFFER', num_events_lost: '3', cpu: n % 4 },
        node_name: 'c/node-1',
        time: new Date(BASE_MS + (n % 1000)).toISOString(),
      });
    await using server = await startObserver({
      onStream: (stream) => {
        for (let n = 0; n < 10_000; n += 1) stream.send(lost(n));
      },
    });
    await using opened = openRelay({ address: server.address });
    const { reading } = opened;
    const sum = (): bigint => reading.gaps().reduce((total, gap) => total + (gap.count ?? 0n), 0n);
    await eventually(() => expect(sum()).toBe(30_000n));
    expect(reading.gaps().length).toBeLessThanOrEqual(reading.batches.length);
  });

  test('a server that accepts and never answers fails with a reason (fault 55)', async () => {
    const sockets = new Set<{ destroy: () => void }>();
    const silent = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const { reading } = openRelay({ address: `127.0.0.1:${port}`, callTimeoutMs: 200 });
    await reading.ended;
    for (const socket of sockets) socket.destroy();
    silent.close();
    expect(String(reading.error())).toContain('accepts connections and does not answer');
  });

  test('a stream that falls silent is probed, and given up when nothing answers (fault 55)', async () => {
    let answers = true;
    await using server = await startObserver({ answers: () => answers });
    const { reading } = openRelay({ address: server.address, idleMs: 80, callTimeoutMs: 200 });
    await eventually(() => expect(server.statusCalls()).toBeGreaterThan(2));
    expect(reading.error()).toBeUndefined();
    answers = false;
    await reading.ended;
    expect(reading.error()).toBeInstanceOf(AppError);
  });

  test('an abort ends the reading without an error', async () => {
    await using server = await startObserver();
    const { reading } = openRelay({ address: server.address });
    await eventually(() => expect(server.streams).toHaveLength(1));
    await reading.stop();
    expect(reading.error()).toBeUndefined();
    await eventually(() => expect(server.streams[0]?.cancelled()).toBe(true));
  });

  test('a failing stream carries the code and the words of the server', async () => {
    await using server = await startObserver({
      onStream: (stream) => stream.fail(status.PERMISSION_DENIED, 'no entry'),
    });
    const { reading } = openRelay({ address: server.address });
    await reading.ended;
    expect(String(reading.error())).toMatch(/denies access .*PERMISSION_DENIED: no entry/);
  });
});
