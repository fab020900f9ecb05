import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SourceJson, SourcesResponse } from '../../../server/http/contract.ts';
import { getFlowsResponse } from '../../../server/sources/hubble-proto.ts';
import { runDropwise, serveDropwise, type ServingDropwise } from '../../support/dropwise.ts';
import { eventually } from '../../support/eventually.ts';
import { startObserver } from '../../support/observer-server.ts';
import { openRelay } from '../../support/open-relay.ts';
import { whole } from '../../support/reconcile.ts';
import { startRingRelay } from '../../support/ring-relay.ts';
import { storeRelay } from '../../support/stored-relay.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

async function sourceOf({ url }: ServingDropwise, name: string): Promise<SourceJson> {
  const answer = (await (await fetch(`${url}api/v1/sources`)).json()) as SourcesResponse;
  return answer.sources.find((source) => source.name === name)!;
}

describe('one agent, read without a relay', () => {
  test('a socket in the file system is read like a relay, and nodes are not counted', async () => {
    await using folder = await temporaryDirectory();
    await using agent = await startRingRelay({
      socket: `unix:${join(folder.path, 'hubble.sock')}`,
    });
    await using stored = await storeRelay(agent);
    agent.tell('c/node-1');
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(1)));
    expect(stored.reports.at(-1)).toEqual({ state: 'reading', detail: 'version test 1.19.4' });
  });

  test('a socket that is not there is said to be absent', async () => {
    const { reading } = openRelay({ address: 'unix:/nowhere/hubble.sock' });
    await reading.ended;
    expect(String(reading.error())).toContain('there is no such socket');
  });
});

describe('several relays and agents at once', () => {
  test('each has a name, a state and a checkpoint of its own, and one that fails disturbs no other', async () => {
    await using folder = await temporaryDirectory();
    const socket = `unix:${join(folder.path, 'hubble.sock')}`;
    await using east = await startRingRelay();
    await using west = await startRingRelay();
    await using agent = await startRingRelay({ socket });
    const config = join(folder.path, 'dropwise.yaml');
    writeFileSync(
      config,
      `sources:\n  - { kind: hubble-relay, name: node-1, address: '${socket}' }\n`,
    );
    const args = ['serve', '--data', join(folder.path, 'data'), '--port', '0', '--config', config];
    const relays = [`east=${east.address}`, '--hubble-relay', `west=${west.address}`];
    const start = (): Promise<ServingDropwise> =>
      serveDropwise([...args, '--hubble-relay', ...relays]);
    await using first = await start();
    const all = [
      ['east', east],
      ['west', west],
      ['node-1', agent],
    ] as const;
    for (const [name, relay] of all) {
      await eventually(() => expect(relay.streams()).toHaveLength(1));
      relay.tell(`${name}/a`);
      await eventually(async () => {
        const source = await sourceOf(first, name);
        expect(source).toMatchObject({ state: 'reading', stored: 1, target: relay.address });
        expect(source.checkpointAt).not.toBeNull();
      });
    }

    await west.stop();
    await eventually(async () => expect((await sourceOf(first, 'west')).state).toBe('retrying'));
    east.tell('east/a');
    await eventually(async () => expect((await sourceOf(first, 'east')).stored).toBe(2));
    expect((await sourceOf(first, 'node-1')).state).toBe('reading');
    await first.stop();

    west.tell('west/a');
    await west.start();
    await using second = await start();
    for (const [name, relay] of all) {
      await eventually(async () =>
        expect((await sourceOf(second, name)).stored).toBe(relay.told.length),
      );
      // Each resumed by its own checkpoint.
      expect(relay.streams().at(-1)?.request.since).toBeDefined();
    }
  });

  test('two of one name are refused', async () => {
    const { code, stderr } = await runDropwise([
      'serve',
      ...['--hubble-relay', 'a=localhost:1', '--hubble-relay', 'a=localhost:2'],
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("two of them are called 'a'");
  });
});

describe('a relay whose nodes refuse the request', () => {
  test('is shown as refused with their words, and asked again with back-off', async () => {
    await using folder = await temporaryDirectory();
    await using server = await startObserver({
      onStream: (stream) => {
        stream.send(
          getFlowsResponse.encode({
            node_status: {
              state_change: 'NODE_ERROR',
              node_names: ['c/a', 'c/b'],
              message: 'rpc error: code = Unknown desc = no such field',
            },
          }),
        );
        stream.end();
      },
    });
    const relay = ['--hubble-relay', `east=${server.address}`];
    await using running = await serveDropwise([
      ...['serve', '--data', join(folder.path, 'data'), '--port', '0', ...relay],
    ]);
    const source = await eventually(async () => {
      const east = await sourceOf(running, 'east');
      expect(east.state).toBe('refused');
      return east;
    });
    expect(source.detail).toContain('every node refuses the request');
    expect(source.detail).toContain('no such field');
    const waits = async (): Promise<number> => {
      const { retryAt, stateSince } = await sourceOf(running, 'east');
      return Date.parse(retryAt ?? '') - Date.parse(stateSince);
    };
    expect(await waits()).toBeGreaterThanOrEqual(799);
    await eventually(() => expect(server.streams.length).toBeGreaterThan(1));
  });
});
