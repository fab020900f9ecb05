import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { InventoryStatus, ObjectVersion } from '../../../server/core/inventory.ts';
import type { Manifest } from '../../../server/core/manifest.ts';
import { nanos } from '../../../server/core/time.ts';
import { kubernetesWatch } from '../../../server/inventory/kubernetes-watch.ts';
import { systemClock } from '../../../server/lib/clock.ts';
import { createLogger } from '../../../server/lib/log.ts';
import { keepInventory, type KeptInventory } from '../../../server/operations/keep-inventory.ts';
import { openControl } from '../../../server/store/control/open-control.ts';
import { eventually } from '../../support/eventually.ts';
import { openKubeServer, type KubeServer } from '../../support/kube-server.ts';
import { networkPolicy, pod } from '../../support/objects.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { createTestCa } from '../../support/tls.ts';

const PODS = '/api/v1/pods';
const NODES = '/api/v1/nodes';
const POLICIES = '/apis/networking.k8s.io/v1/networkpolicies';
const CALICO_V3 = '/apis/projectcalico.org/v3/globalnetworkpolicies';
const CALICO_CRD = '/apis/crd.projectcalico.org/v1/globalnetworkpolicies';

const ca = createTestCa();
afterAll(() => ca[Symbol.dispose]());
const certificate = ca.issue('localhost');
const clock = systemClock();

type World = AsyncDisposable & {
  readonly server: KubeServer;
  readonly inventory: KeptInventory;
  /** Where the kubeconfig says the token is. */
  readonly tokenFile: string;
  status(): InventoryStatus;
};

async function openWorld({
  prepare,
  directory,
  steadyMs = 30_000,
}: {
  readonly prepare?: (server: KubeServer) => void;
  readonly directory?: string;
  readonly steadyMs?: number;
} = {}): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const folder = directory ?? parts.use(await temporaryDirectory()).path;
  const server = parts.use(await openKubeServer(certificate));
  server.serve(PODS, NODES, POLICIES);
  prepare?.(server);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'secret');
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(server.url));
  const control = parts.use(openControl({ directory: folder, log: createLogger('silent') }));
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const inventory = parts.use(
    await keepInventory({
      sources: [
        kubernetesWatch({
          ...{ name: 'kubernetes:east', cluster: 'east', kubeconfig, context: undefined, clock },
          ...{ recheckMs: 50, firstRetryMs: 10, steadyMs },
        }),
      ],
      history: control.objects,
      keep: { versionsMs: 1e12, podsMs: 1e12 },
      clock,
      log: createLogger('silent'),
      onfailure: failed.reject,
    }),
  );
  const running = parts.move();
  return {
    server,
    inventory,
    tokenFile,
    status() {
      const [status] = inventory.statuses();
      if (status === undefined) throw new Error('there is one source');
      return status;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** With the token in a file, which the client itself knows for no user of a kubeconfig. */
const kubeconfigOf = (url: string): string =>
  JSON.stringify({
    'current-context': 'east',
    clusters: [{ name: 'east', cluster: { server: url, 'certificate-authority': ca.ca } }],
    contexts: [{ name: 'east', context: { cluster: 'east', user: 'reader' } }],
    users: [{ name: 'reader', user: { tokenFile: 'token' } }],
  });

const namesOf = (versions: readonly ObjectVersion[]): readonly string[] =>
  versions.map(({ key }) => `${key.kind} ${key.name}`).sort();

const current = ({ inventory }: World): readonly string[] => namesOf(inventory.current().objects);

const coveredKinds = ({ inventory }: World): readonly string[] =>
  inventory.current().coverage.map(({ kind }) => kind);

const isReading = (world: World): Promise<void> =>
  eventually(() => expect(world.status()).toMatchObject({ state: 'reading', detail: '' }));

const isWatched = ({ server }: World, path: string): Promise<void> =>
  eventually(() => expect(server.watchers()).toContain(path));

const web = pod('web', '10.0.0.1', { app: 'web' });
const allow = networkPolicy('allow');

describe('the watch of a Kubernetes API server', () => {
  test('lists in pages, follows changes, and keeps each version with its time', async () => {
    await using world = await openWorld({
      prepare: (server) => {
        for (let number = 0; number < 1_201; number++)
          server.put(PODS, pod(`pod-${number}`, `10.1.${number >> 8}.${number & 255}`));
        server.put(POLICIES, allow);
      },
    });
    const { server, inventory } = world;
    await isReading(world);
    expect(world.status().objects).toEqual([
      { kind: 'NetworkPolicy.networking.k8s.io', count: 1 },
      { kind: 'Pod', count: 1_201 },
    ]);
    expect(
      server.requests.filter(({ pathname, search }) => pathname === PODS && /limit/.test(search)),
    ).toHaveLength(3);
    await isWatched(world, POLICIES);
    const before = nanos(clock.now());
    server.put(POLICIES, networkPolicy('allow', { ingress: [] }));
    server.put(POLICIES, networkPolicy('deny'));
    await eventually(() => expect(current(world)).toContain('NetworkPolicy deny'));
    server.remove(POLICIES, networkPolicy('deny'));
    await eventually(() => expect(current(world)).not.toContain('NetworkPolicy deny'));

    const [now, old] = await inventory.versions(
      inventory.current().objects.find(isNamed('allow'))!.key,
    );
    expect(now).toMatchObject({
      how: 'watched',
      until: undefined,
      manifest: { spec: { ingress: [] } },
    });
    expect(old).toMatchObject({ until: now?.from });
    const then = await inventory.asOf(before);
    expect(then.objects.find(isNamed('allow'))?.hash).toBe(old?.hash);
    expect(then.coveredSince).toBeDefined();
    expect((await inventory.asOf(nanos(before - 3_600n * 10n ** 9n))).coveredSince).toBeUndefined();
  });

  test('only real changes make versions, and neither secrets nor copies of an object are kept', async () => {
    await using world = await openWorld();
    const { server, inventory } = world;
    await isWatched(world, PODS);
    const secretive = (beat: number): Manifest => ({
      ...web,
      metadata: {
        ...web.metadata,
        managedFields: [{ time: beat }],
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': 'hunter2',
          'vault.example/token': 'hunter2',
          'cni.projectcalico.org/podIP': '10.0.0.1/32',
        },
      },
      spec: {
        nodeName: 'worker-1',
        containers: [
          {
            name: 'c',
            env: [{ name: 'PASSWORD', value: 'hunter2' }],
            ports: [{ containerPort: 80 }],
          },
        ],
      },
      status: { podIP: '10.0.0.1', phase: 'Running', conditions: [{ lastProbeTime: beat }] },
    });
    for (let beat = 0; beat < 20; beat++) server.put(PODS, secretive(beat));
    server.put(POLICIES, { ...allow, newField: { kept: true } });
    await eventually(() => expect(current(world)).toEqual(['NetworkPolicy allow', 'Pod web']));
    const found = inventory.current().objects.find(isNamed('web'))!;
    expect(await inventory.versions(found.key)).toHaveLength(1);
    expect(JSON.stringify(found.manifest)).not.toContain('hunter2');
    expect(found.manifest).toMatchObject({
      metadata: { annotations: { 'cni.projectcalico.org/podIP': '10.0.0.1/32' } },
      spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] },
    });
    expect(inventory.current().objects.find(isNamed('allow'))?.manifest).toHaveProperty('newField');
  });

  test('resumes after a disconnect in the middle of an object, and loses and repeats nothing', async () => {
    await using world = await openWorld({ prepare: (server) => server.put(PODS, web) });
    const { server } = world;
    await isWatched(world, PODS);
    server.put(PODS, pod('a', '10.0.0.2'));
    await eventually(() => expect(current(world)).toContain('Pod a'));
    const lists = (): number =>
      server.requests.filter((url) => url.pathname === PODS && !url.search.includes('watch'))
        .length;
    const before = lists();
    server.cut('mid-object');
    server.put(PODS, pod('b', '10.0.0.3'));
    server.remove(PODS, pod('a', '10.0.0.2'));
    await eventually(() => expect(current(world)).toEqual(['Pod b', 'Pod web']));
    expect(lists()).toBe(before);
    await isReading(world);
  });

  test.each(['status', 'event'] as const)(
    'lists anew after 410 Gone as %s, and notices what was deleted while nobody watched',
    async (how) => {
      await using world = await openWorld({ prepare: (server) => server.put(PODS, web) });
      const { server, inventory } = world;
      await isWatched(world, PODS);
      await eventually(() => expect(current(world)).toEqual(['Pod web']));
      const { key } = inventory.current().objects[0]!;
      server.setOpen(false);
      await eventually(() => expect(world.status()).toMatchObject({ state: 'retrying' }));
      await eventually(() => expect(coveredKinds(world)).toEqual([]));
      server.remove(PODS, web);
      server.put(PODS, pod('after', '10.0.0.9'));
      server.compact(how);
      server.setOpen(true);
      await eventually(() => expect(current(world)).toEqual(['Pod after']));
      await isReading(world);
      expect((await inventory.versions(key))[0]?.until).toBeDefined();
    },
  );

  test('a bookmark moves on where a watch resumes', async () => {
    await using world = await openWorld();
    const { server } = world;
    await isWatched(world, POLICIES);
    // Many changes of another kind, of which this watch hears nothing, and the old versions are forgotten.
    for (let number = 0; number < 50; number++) server.put(PODS, pod(`p${number}`, '10.0.0.1'));
    server.compact('status');
    server.bookmark();
    const before = server.requests.length;
    server.cut('clean');
    await eventually(() =>
      expect(server.requests.slice(before).some(({ pathname }) => pathname === POLICIES)).toBe(
        true,
      ),
    );
    await isWatched(world, POLICIES);
    expect(
      server.requests
        .slice(before)
        .filter(({ pathname, search }) => pathname === POLICIES && !search.includes('watch')),
    ).toEqual([]);
  });

  test('of a kind that nobody changes, a stream that lasts says that nothing was missed', async () => {
    await using world = await openWorld({
      prepare: (server) => server.put(POLICIES, allow),
      steadyMs: 0,
    });
    const { server } = world;
    const covered = 'NetworkPolicy.networking.k8s.io';
    await eventually(() => expect(coveredKinds(world)).toContain(covered));
    await isWatched(world, POLICIES);
    server.setOpen(false);
    await eventually(() => expect(coveredKinds(world)).toEqual([]));
    server.setOpen(true);
    await isWatched(world, POLICIES);
    // The server understood where we were, and has nothing to tell; so far nobody can know that.
    expect(coveredKinds(world)).not.toContain(covered);
    server.cut('clean');
    await eventually(() => expect(coveredKinds(world)).toContain(covered));
    const lists = server.requests.filter(
      ({ pathname, search }) => pathname === POLICIES && !search.includes('watch'),
    );
    expect(lists).toHaveLength(1);
  });

  test('a token that expired is said so, and the new one of the file is used', async () => {
    await using world = await openWorld({ prepare: (server) => server.put(POLICIES, allow) });
    await isReading(world);
    world.server.setToken('renewed');
    await eventually(() => {
      expect(world.status().state).toBe('retrying');
      expect(world.status().detail).toMatch(/401.*renew the token/);
    });
    // What is known stays, and nobody says that it is watched.
    expect(current(world)).toEqual(['NetworkPolicy allow']);
    await eventually(() => expect(coveredKinds(world)).toEqual([]));
    writeFileSync(world.tokenFile, 'renewed');
    await isReading(world);
    world.server.put(POLICIES, networkPolicy('later'));
    await eventually(() => expect(current(world)).toContain('NetworkPolicy later'));
  });

  test('kinds that the cluster lacks or forbids are skipped with the reason, and taken when they come', async () => {
    await using world = await openWorld({ prepare: (server) => server.forbid(NODES) });
    const { server } = world;
    await isReading(world);
    const skipped = new Map(world.status().skipped.map(({ kind, reason }) => [kind, reason]));
    expect(skipped.get('CiliumNetworkPolicy.cilium.io')).toBe(
      'the cluster does not have it (cilium.io/v2)',
    );
    expect(skipped.get('Node')).toMatch(/nodes is forbidden.*grant list and watch/);
    expect(skipped.has('Pod')).toBe(false);

    server.serve(CALICO_CRD);
    server.put(CALICO_CRD, {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'GlobalNetworkPolicy',
      metadata: {
        name: 'default.deny',
        annotations: { 'projectcalico.org/metadata': '{"labels":{"team":"sec"}}' },
      },
    });
    await eventually(() => expect(current(world)).toContain('GlobalNetworkPolicy default.deny'));
    const [found] = world.inventory.current().objects;
    expect(found?.key.apiGroup).toBe('projectcalico.org');
    expect(found?.manifest).toMatchObject({
      apiVersion: 'projectcalico.org/v3',
      metadata: { labels: { team: 'sec' } },
    });
    expect(world.status().skipped.map(({ kind }) => kind)).not.toContain(
      'GlobalNetworkPolicy.projectcalico.org',
    );
    expect(server.requests.map(({ pathname }) => pathname)).toContain(CALICO_V3);
  });

  test('tells what comes and goes by itself, and skips what of it may not be read', async () => {
    const object = (apiVersion: string, kind: string): Manifest => ({
      ...{ apiVersion, kind, metadata: { name: 'x', namespace: 'shop' } },
      spec: { schedule: '0 2 * * *', maxReplicas: 3 },
    });
    await using world = await openWorld({
      prepare(server) {
        server.serve('/apis/batch/v1/cronjobs', '/apis/autoscaling/v1/horizontalpodautoscalers');
        server.put('/apis/batch/v1/cronjobs', object('batch/v1', 'CronJob'));
        server.forbid('/apis/batch/v1/jobs');
        server.put(
          '/apis/autoscaling/v1/horizontalpodautoscalers',
          object('autoscaling/v1', 'HorizontalPodAutoscaler'),
        );
      },
    });
    await eventually(() =>
      expect(current(world)).toEqual(['CronJob x', 'HorizontalPodAutoscaler x']),
    );
    const reasons = new Map(world.status().skipped.map(({ kind, reason }) => [kind, reason]));
    expect(reasons.get('Job.batch')).toMatch(/jobs is forbidden.*grant list and watch/);
  });

  test('a kind whose definition was removed has no objects any more', async () => {
    await using world = await openWorld({ prepare: (server) => server.put(POLICIES, allow) });
    await eventually(() => expect(current(world)).toEqual(['NetworkPolicy allow']));
    await isWatched(world, POLICIES);
    world.server.unserve(POLICIES);
    world.server.cut('clean');
    await eventually(() => expect(current(world)).toEqual([]));
  });

  test('5,000 churning pods are kept up with, and every address has its history', async () => {
    const at = (number: number): string =>
      `10.${number >> 12}.${(number >> 6) & 63}.${number & 63}`;
    await using world = await openWorld({
      prepare: (server) => {
        for (let number = 0; number < 5_000; number++)
          server.put(PODS, pod(`old-${number}`, at(number)));
      },
    });
    const { server, inventory } = world;
    await eventually(() => expect(inventory.current().objects).toHaveLength(5_000));
    await isWatched(world, PODS);
    const before = nanos(clock.now());
    for (let number = 0; number < 5_000; number++) {
      server.remove(PODS, pod(`old-${number}`, at(number)));
      server.put(PODS, pod(`new-${number}`, at(number)));
      if (number === 2_500) server.cut('mid-object');
    }
    await eventually(
      () => {
        expect(current(world)).toHaveLength(5_000);
        expect(current(world).every((name) => name.startsWith('Pod new-'))).toBe(true);
      },
      { timeoutMs: 30_000 },
    );
    const holders = ({
      objects,
    }: {
      readonly objects: readonly ObjectVersion[];
    }): readonly string[] =>
      objects.flatMap(({ key, manifest }) =>
        (manifest['status'] as { podIP: string }).podIP === at(4_321) ? [key.name] : [],
      );
    expect(holders(await inventory.asOf(before))).toEqual(['old-4321']);
    expect(holders(await inventory.asOf(nanos(clock.now())))).toEqual(['new-4321']);
  }, 60_000);

  test('what went while this server was down ends when it is back, and the time between is not covered', async () => {
    await using directory = await temporaryDirectory();
    {
      await using world = await openWorld({
        directory: directory.path,
        prepare: (server) =>
          [allow, networkPolicy('deny')].forEach((each) => server.put(POLICIES, each)),
      });
      await eventually(() => expect(current(world)).toHaveLength(2));
    }
    const down = nanos(clock.now());
    await using world = await openWorld({
      directory: directory.path,
      prepare: (server) => server.put(POLICIES, allow),
    });
    await isReading(world);
    expect(current(world)).toEqual(['NetworkPolicy allow']);
    const then = await world.inventory.asOf(down);
    expect(namesOf(then.objects)).toEqual(['NetworkPolicy allow', 'NetworkPolicy deny']);
    expect(then.coveredSince).toBeUndefined();
    const { key } = world.inventory.current().objects[0]!;
    // It was there all along, so its version goes on.
    expect(await world.inventory.versions(key)).toHaveLength(1);
  });
});

function isNamed(name: string): (version: ObjectVersion) => boolean {
  return ({ key }) => key.name === name;
}
