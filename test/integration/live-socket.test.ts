import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Flow } from '../../server/core/flow.ts';
import type { DropsResponse } from '../../server/http/contract.ts';
import { openApi, openLive, type TestApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';

let api: TestApi;

beforeAll(async () => {
  api = await openApi();
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

/** Store first, then live, as ingest does it. */
async function ingest(flows: readonly Flow[]): Promise<void> {
  const { firstSeq, ...committed } = await api.store.append(batchOf(flows));
  api.services.hub.publish({ ...committed, head: firstSeq + flows.length - 1, untold: 0 });
}

describe('the live stream', () => {
  test('sends what matches, with the verdict and the reason in words, within a second', async () => {
    using viewer = await openLive(api.url, { q: 'verdict:dropped' });
    await eventually(() => expect(viewer.of('subscribed')).toHaveLength(1));
    const sentAt = Date.now();

    await ingest([aFlow(), aDrop()]);

    const [frame] = await eventually(() => {
      expect(viewer.of('flows')).toHaveLength(1);
      expect(viewer.of('groups')).not.toEqual([]);
      return viewer.of('flows');
    });
    expect(Date.now() - sentAt).toBeLessThan(1_000);
    expect(frame!.flows).toMatchObject([
      {
        verdict: 'dropped',
        reason: { code: 'POLICY_DENIED', words: expect.stringContaining('default deny') as string },
      },
    ]);
    expect(viewer.of('groups')[0]!.groups).toMatchObject([{ count: 1 }]);
  });

  test('stored drop groups up to a frame, and what later frames add, count each packet once', async () => {
    using viewer = await openLive(api.url, { q: 'verdict:dropped port:7001' });
    await eventually(() => expect(viewer.of('subscribed')).toHaveLength(1));
    const attempt = (): readonly Flow[] => {
      const verdict = aDrop({ event: 'policy-verdict', destinationPort: 7_001 });
      return [verdict, aDrop({ ...verdict, id: aDrop().id, event: 'drop' })];
    };
    await ingest([...attempt(), ...attempt()]);
    const [first] = await eventually(() => {
      expect(viewer.of('groups')).toHaveLength(1);
      return viewer.of('groups');
    });
    await ingest(attempt());
    await eventually(() => expect(viewer.of('groups')).toHaveLength(2));

    const path = `/api/v1/drops?t=all&q=port:7001&asof=${first!.head}`;
    const stored = (await (await api.get(path)).json()) as DropsResponse;

    expect(stored.groups).toMatchObject(first!.groups);
    expect(first!.groups).toHaveLength(stored.groups.length);
    expect(viewer.of('groups')[1]!.groups).toMatchObject([
      { key: stored.groups[0]!.key, count: 3 },
    ]);
    await eventually(() =>
      expect(viewer.of('tick').reduce((sum, { drops }) => sum + drops, 0)).toBe(3),
    );
  });

  test('ticks count exactly, whatever rows are shown', async () => {
    using viewer = await openLive(api.url);
    await eventually(() => expect(viewer.of('subscribed')).toHaveLength(1));

    for (let round = 0; round < 5; round += 1) {
      await ingest(Array.from({ length: 1_000 }, (_, port) => aFlow({ sourcePort: port })));
    }

    await eventually(() => {
      const allowed = viewer.of('tick').reduce((sum, tick) => sum + tick.counts.allowed, 0);
      expect(allowed).toBe(5_000);
    });
    const shown = viewer.of('flows').reduce((sum, frame) => sum + frame.flows.length, 0);
    expect(shown).toBeLessThan(1_000);
  });

  test('a viewer that acknowledges nothing gets no more rows, but every drop group', async () => {
    using viewer = await openLive(api.url, { q: 'verdict:dropped', acknowledge: false });
    await eventually(() => expect(viewer.of('subscribed')).toHaveLength(1));

    for (let round = 0; round < 20; round += 1) {
      await ingest([aDrop({ destinationPort: round })]);
      await eventually(() => expect(viewer.of('groups')).toHaveLength(round + 1));
    }

    expect(viewer.of('flows').length).toBe(9);
    await eventually(() =>
      expect(viewer.of('tick').reduce((sum, tick) => sum + tick.dropRowsLost, 0)).toBe(11),
    );
  });

  test('a subscribe message replaces the filter, and a bad one leaves the last good one', async () => {
    using viewer = await openLive(api.url);
    viewer.send({ kind: 'subscribe', id: 7, q: 'port:9999' });
    viewer.send({ kind: 'subscribe', id: 8, q: 'colour:red' });
    await eventually(() => expect(viewer.of('error')).toHaveLength(1));
    expect(viewer.of('error')[0]!.problem).toMatchObject({
      code: 'bad-query',
      position: { from: 0 },
    });

    await ingest([aFlow(), aFlow({ destinationPort: 9_999 })]);

    const flows = await eventually(() => {
      expect(viewer.of('flows').length).toBeGreaterThan(0);
      return viewer.of('flows').flatMap((frame) => frame.flows);
    });
    expect(flows.map((flow) => flow.destination.port)).toEqual([9_999]);
  });

  test('a hidden page gets dropped rows only', async () => {
    using viewer = await openLive(api.url);
    viewer.send({ kind: 'visible', visible: false });
    // The answer to a later message shows that the earlier one was handled.
    viewer.send({ kind: 'subscribe', id: 1, q: '' });
    await eventually(() => expect(viewer.of('subscribed')).toHaveLength(2));

    await ingest([aFlow(), aDrop()]);

    const [frame] = await eventually(() => {
      expect(viewer.of('flows')).toHaveLength(1);
      expect(viewer.of('groups')).not.toEqual([]);
      return viewer.of('flows');
    });
    expect(frame!.flows.map((flow) => flow.verdict)).toEqual(['dropped']);
  });

  test.each([
    ['not json', 'not JSON'],
    ['{"kind":"dance"}', 'an unknown kind'],
    ['{"kind":"ack","batch":-1}', 'a number out of range'],
  ])('%s is answered with an error and the stream goes on', async (text) => {
    const socket = new WebSocket(`${api.url.replace('http', 'ws')}/api/v1/live`);
    const errors: string[] = [];
    socket.on('message', (data: Buffer) => {
      if (data.includes('"kind":"error"')) errors.push(data.toString('utf8'));
    });
    await once(socket, 'open');
    socket.send(text);
    await eventually(() => expect(errors[0]).toContain('"code":"bad-request"'));
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.terminate();
  });

  test('a page of another origin may not connect (fault 14)', async () => {
    const socket = new WebSocket(`${api.url.replace('http', 'ws')}/api/v1/live`, {
      origin: 'http://evil.test',
    });
    const [, response] = (await once(socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    expect(response.statusCode).toBe(403);
  });

  test('a message over 64 KB closes the connection', async () => {
    const socket = new WebSocket(`${api.url.replace('http', 'ws')}/api/v1/live`);
    await once(socket, 'open');
    socket.send('x'.repeat(70_000));
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1009);
  });
});
