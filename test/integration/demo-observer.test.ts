import { Client, credentials, type ClientReadableStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  openDemoCluster,
  type DemoCluster,
  type DemoClusterOptions,
} from '../../server/demo/demo-cluster.ts';
import {
  getFlowsRequest,
  getFlowsResponse,
  getNodesResponse,
  OBSERVER_SERVICE,
  type GetFlowsRequest,
  type GetFlowsResponse,
  type GetNodesResponse,
} from '../../server/sources/hubble-proto.ts';
import type { JsonObject } from '../../server/sources/json-value.ts';
import { eventually } from '../support/eventually.ts';
import { handClock } from '../support/hand-clock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const SECOND = 1_000_000_000n;
const raw = (bytes: Buffer): Buffer => bytes;

type Reading = {
  readonly messages: GetFlowsResponse[];
  readonly ended: Promise<void>;
  readonly call: ClientReadableStream<Buffer>;
};

describe('the simulated relay', () => {
  let directory = '';
  let stack = new AsyncDisposableStack();

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    directory = stack.use(await temporaryDirectory()).path;
  });
  afterEach(() => stack.disposeAsync());

  const open = async (options: Partial<DemoClusterOptions> = {}): Promise<DemoCluster> =>
    stack.use(
      await openDemoCluster({
        seed: 1,
        calicoDirectory: directory,
        backfillMinutes: 2,
        ...options,
      }),
    );

  const connect = ({ relayAddress }: DemoCluster): Client => {
    const client = new Client(relayAddress, credentials.createInsecure());
    stack.defer(() => client.close());
    return client;
  };

  const read = (client: Client, request: GetFlowsRequest): Reading => {
    const call = client.makeServerStreamRequest(
      OBSERVER_SERVICE.GetFlows.path,
      raw,
      raw,
      getFlowsRequest.encode(request),
    );
    stack.defer(() => call.cancel());
    const messages: GetFlowsResponse[] = [];
    call.on('data', (bytes: Buffer) => messages.push(getFlowsResponse.decode(bytes)));
    const ended = new Promise<void>((resolve, reject) => {
      call.on('end', resolve);
      call.on('error', reject);
    });
    ended.catch(() => undefined);
    return { messages, ended, call };
  };

  const flowsOf = (messages: readonly GetFlowsResponse[]): JsonObject[] =>
    messages.flatMap(({ flow }) => (flow === undefined ? [] : [flow as JsonObject]));
  const uuidsOf = (messages: readonly GetFlowsResponse[]): unknown[] =>
    flowsOf(messages).map(({ uuid }) => uuid);
  const statusesOf = (messages: readonly GetFlowsResponse[]): JsonObject[] =>
    messages.flatMap(({ node_status }) =>
      node_status === undefined ? [] : [node_status as JsonObject],
    );

  test('a stream begins with the connected nodes', async () => {
    const { messages, ended } = read(connect(await open()), { number: '1' });
    await ended;

    expect(statusesOf(messages.slice(0, 1))).toEqual([
      {
        state_change: 'NODE_CONNECTED',
        node_names: [1, 2, 3, 4].map((number) => `demo-east/worker-${number}`),
      },
    ]);
  });

  test('number gives the newest flows of each node', async () => {
    const demo = await open({ clock: handClock('2026-03-04T05:00:00Z') });
    const client = connect(demo);
    const all = read(client, {});
    const newest = read(client, { number: '5' });
    await Promise.all([all.ended, newest.ended]);

    for (const node of ['demo-east/worker-1', 'demo-east/worker-4']) {
      const ofNode = (messages: readonly GetFlowsResponse[]): unknown[] =>
        uuidsOf(messages.filter((message) => message['node_name'] === node));
      expect(ofNode(newest.messages)).toEqual(ofNode(all.messages).slice(-5));
    }
    expect(flowsOf(all.messages).length).toBeGreaterThan(600);
  });

  test('since with number gives the oldest of the interval', async () => {
    const client = connect(await open({ clock: handClock('2026-03-04T05:00:00Z') }));
    const since = '2026-03-04T04:59:00Z';
    const all = read(client, { since });
    const some = read(client, { since, number: '3' });
    await Promise.all([all.ended, some.ended]);
    const node = 'demo-east/worker-2';
    const ofNode = (messages: readonly GetFlowsResponse[]): unknown[] =>
      uuidsOf(messages.filter((message) => message['node_name'] === node));

    expect(ofNode(some.messages)).toEqual(ofNode(all.messages).slice(0, 3));
    expect(flowsOf(some.messages)).toHaveLength(12);
  });

  test('since and until bound what is told', async () => {
    const client = connect(await open({ clock: handClock('2026-03-04T05:00:00Z') }));
    const { messages, ended } = read(client, {
      since: '2026-03-04T04:59:10Z',
      until: '2026-03-04T04:59:20Z',
    });
    await ended;
    const times = flowsOf(messages).map(({ time }) => textOf(time));

    expect(times.length).toBeGreaterThan(30);
    expect(
      times.every(
        (time) => time >= '2026-03-04T04:59:10' && time <= '2026-03-04T04:59:20.000000000Z',
      ),
    ).toBe(true);
  });

  test('a reader that comes back with since misses nothing and hears the same', async () => {
    const clock = handClock('2026-03-04T05:00:00Z');
    const client = connect(await open({ clock, scenario: 'quiet' }));
    const following = read(client, { follow: true });
    await eventually(() => expect(statusesOf(following.messages)).toHaveLength(1));
    clock.advance(4);
    await eventually(() => expect(flowsOf(following.messages).length).toBeGreaterThan(600));
    following.call.cancel();
    clock.advance(3);
    const last = textOf(flowsOf(following.messages).at(-1)?.['time']);
    const again = read(client, { follow: true, since: '2026-03-04T05:00:00Z' });
    await eventually(() => expect(flowsOf(again.messages).length).toBeGreaterThan(1500));
    const whole = read(client, { since: '2026-03-04T05:00:00Z' });
    await whole.ended;

    const first = uuidsOf(following.messages);
    const replayed = uuidsOf(again.messages);
    expect(first).toEqual(uuidsOf(whole.messages).slice(0, first.length));
    await eventually(() => expect(uuidsOf(again.messages)).toEqual(uuidsOf(whole.messages)));
    expect(replayed.length).toBeGreaterThan(first.length);
    expect(textOf(flowsOf(again.messages).at(-1)?.['time']) > last).toBe(true);
  });

  test('a node that goes away is told as an error and stands in GetNodes as unavailable', async () => {
    const clock = handClock('2026-03-04T05:00:00Z');
    const demo = await open({ clock, flowsPerSecond: 40 });
    const client = connect(demo);
    clock.advance(124);
    const { messages } = read(client, { follow: true });
    await eventually(() => expect(statusesOf(messages)).toHaveLength(1));
    clock.advance(6);
    await eventually(() =>
      expect(statusesOf(messages).at(-1)?.['state_change']).toBe('NODE_ERROR'),
    );
    const nodes = await new Promise<GetNodesResponse>((resolve, reject) => {
      client.makeUnaryRequest(
        OBSERVER_SERVICE.GetNodes.path,
        raw,
        raw,
        Buffer.alloc(0),
        (error, bytes) => {
          if (bytes === undefined) reject(error ?? new Error('no answer'));
          else resolve(getNodesResponse.decode(bytes));
        },
      );
    });

    expect(
      nodes.nodes?.filter(({ state }) => state === 'NODE_UNAVAILABLE').map(({ name }) => name),
    ).toEqual(['demo-east/worker-3']);
    expect(
      flowsOf(messages)
        .filter(({ time }) => textOf(time) > '2026-03-04T05:02:05')
        .map(({ node_name }) => node_name),
    ).not.toContain('demo-east/worker-3');
  });

  test('first with follow is refused the way a relay does: an error of all nodes, then an orderly end', async () => {
    const { messages, ended } = read(connect(await open()), {
      first: true,
      follow: true,
      number: '2',
    });
    await ended;

    expect(statusesOf(messages).map(({ state_change }) => state_change)).toEqual(['NODE_ERROR']);
    expect(flowsOf(messages)).toEqual([]);
  });

  test('a reader slower than the ring loses events and is told how many', async () => {
    const clock = handClock('2026-03-04T05:00:00Z');
    const demo = await open({ clock, ringCapacity: 50, flowsPerSecond: 400, scenario: 'quiet' });
    const { messages, call } = read(connect(demo), { follow: true });
    await eventually(() => expect(statusesOf(messages)).toHaveLength(1));
    call.pause();
    for (let second = 0; second < 30; second += 1) clock.advance(1);
    call.resume();
    await eventually(() =>
      expect(messages.some(({ lost_events }) => lost_events !== undefined)).toBe(true),
    );
    const lost = messages.flatMap(({ lost_events }) =>
      lost_events === undefined ? [] : [lost_events as JsonObject],
    );

    expect(lost.every(({ source }) => source === 'HUBBLE_RING_BUFFER')).toBe(true);
    await eventually(() => {
      const told = flowsOf(messages).length;
      const missed = messages.reduce(
        (sum, { lost_events }) =>
          sum + Number((lost_events as JsonObject | undefined)?.['num_events_lost'] ?? 0),
        0,
      );
      const reader = demo.timeline.reader();
      const start = Number(BigInt(Date.parse('2026-03-04T05:00:00Z')) / 1000n);
      let happened = 0;
      for (let at = start; BigInt(at) * SECOND < clock.now(); at += 1)
        happened += reader.second(at).length;
      expect(told + missed).toBe(happened);
    });
  });
});
