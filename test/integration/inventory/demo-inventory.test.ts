import { describe, expect, test } from 'vitest';
import type { InventorySnapshot } from '../../../server/core/inventory.ts';
import { NANOS_PER_SECOND, nanos } from '../../../server/core/time.ts';
import { demoInventory } from '../../../server/demo/demo-inventory.ts';
import { createTimeline, type Timeline } from '../../../server/demo/timeline.ts';
import { createWorkloadOwners } from '../../../server/inventory/workload-owners.ts';
import { createLogger } from '../../../server/lib/log.ts';
import { keepInventory, type KeptInventory } from '../../../server/operations/keep-inventory.ts';
import { openControl } from '../../../server/store/control/open-control.ts';
import { eventually } from '../../support/eventually.ts';
import { handClock, type HandClock } from '../../support/hand-clock.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const START = '2026-03-01T12:00:00Z';
const START_SECOND = Date.parse(START) / 1000;
const log = createLogger('silent');

const at = (second: number) => nanos(BigInt(START_SECOND + second) * NANOS_PER_SECOND);

function story(): Timeline {
  return createTimeline({
    ...{ seed: 1, flowsPerSecond: 10, pastFlowsPerSecond: 1, startSecond: START_SECOND },
    ...{ nodeCount: 4, scenario: 'story' },
  });
}

async function open(
  directory: string,
  clock: HandClock,
  timeline: Timeline,
): Promise<AsyncDisposable & { readonly inventory: KeptInventory }> {
  await using parts = new AsyncDisposableStack();
  const control = parts.use(openControl({ directory, log }));
  const inventory = parts.use(
    await keepInventory({
      sources: demoInventory({ timeline, clock }),
      history: control.objects,
      keep: { versionsMs: 1e12, podsMs: 1e12 },
      clock,
      log,
      onfailure: (error) => {
        throw error;
      },
    }),
  );
  const running = parts.move();
  return { inventory, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Which callers the policy in front of redis lets in. */
function redisCallers({ objects }: InventorySnapshot): readonly unknown[] {
  const policy = objects.find(
    ({ key }) => key.name === 'redis-ingress' && key.namespace === 'shop',
  );
  return JSON.stringify(policy?.manifest['spec']).match(/"(?:cart|checkout)"/g) ?? [];
}

describe('the inventory of the demo', () => {
  test('has the past of its script: an incident is the policy that was in force then', async () => {
    await using directory = await temporaryDirectory();
    const clock = handClock(START);
    const timeline = story();
    await using world = await open(directory.path, clock, timeline);
    const { inventory } = world;
    let incidents = 0;
    for (let second = -7_100; second <= 0; second += 37) {
      const cut = timeline.stateAt(START_SECOND + second).incidents.has('redis-cut');
      const snapshot = await inventory.asOf(at(second));
      expect(redisCallers(snapshot).includes('"checkout"'), `${second}`).toBe(!cut);
      expect(snapshot.coveredSince).toBe(at(-7_200));
      incidents += cut ? 1 : 0;
    }
    expect(incidents).toBeGreaterThan(2);
    expect((await inventory.asOf(at(-7_300))).objects).toEqual([]);

    clock.advance(45);
    await eventually(async () =>
      expect(redisCallers(await inventory.asOf(at(40)))).not.toContain('"checkout"'),
    );
    expect(redisCallers(inventory.current())).not.toContain('"checkout"');
  });

  test('has every pod that sends flows, with its address, its labels and whose it is', async () => {
    await using directory = await temporaryDirectory();
    const timeline = story();
    await using world = await open(directory.path, handClock(START), timeline);
    const { objects } = world.inventory.current();
    const pods = new Map(
      objects
        .filter(({ key }) => key.kind === 'Pod' && key.cluster === 'demo-east')
        .map(({ key, manifest }) => [`${key.namespace}/${key.name}`, manifest]),
    );
    const owners = createWorkloadOwners(
      objects.filter(({ key }) => key.cluster === 'demo-east').map(({ manifest }) => manifest),
    );
    const all = [...timeline.cluster.workloads.values()].flatMap((workload) => workload.pods);
    expect(pods.size).toBe(all.length);
    for (const { name, ip, workload } of all) {
      const pod = pods.get(`${workload.namespace}/${name}`);
      expect(pod).toMatchObject({
        metadata: { labels: { app: workload.name } },
        status: { podIP: ip, phase: 'Running' },
      });
      expect(pod && owners.of(pod)).toEqual({ kind: workload.kind, name: workload.name });
    }
    expect(new Set(objects.map(({ key }) => key.cluster))).toEqual(
      new Set(['demo-east', 'demo-west']),
    );
    const kinds = ['GlobalNetworkPolicy', 'Tier', 'CiliumNetworkPolicy', 'Node', 'Service'];
    for (const kind of [...kinds, 'CronJob', 'Job', 'HorizontalPodAutoscaler'])
      expect(objects.some(({ key }) => key.kind === kind)).toBe(true);
  });

  test('a demo that is started again in its directory does not rewrite its history', async () => {
    await using directory = await temporaryDirectory();
    const clock = handClock(START);
    const versions = async (): Promise<number> => {
      const timeline = createTimeline({
        ...{ seed: 1, flowsPerSecond: 10, pastFlowsPerSecond: 1 },
        ...{ startSecond: Number(clock.now() / NANOS_PER_SECOND), nodeCount: 4, scenario: 'story' },
      });
      await using world = await open(directory.path, clock, timeline);
      const { key } = world.inventory
        .current()
        .objects.find(({ key: { name } }) => name === 'redis-ingress')!;
      return (await world.inventory.versions(key)).length;
    };
    const first = await versions();
    expect(first).toBeGreaterThan(3);
    clock.advance(20);
    const again = await versions();
    expect(again - first).toBeLessThanOrEqual(1);
  });
});
