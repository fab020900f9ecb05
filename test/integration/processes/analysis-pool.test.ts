import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InventorySink, InventorySource } from '../../../server/core/inventory.ts';
import { nanos, NANOS_PER_SECOND, type EpochNanos } from '../../../server/core/time.ts';
import { systemClock } from '../../../server/lib/clock.ts';
import { createLogger } from '../../../server/lib/log.ts';
import { keepInventory } from '../../../server/operations/keep-inventory.ts';
import { openAnalysisPool, type AnalysisPool } from '../../../server/processes/analysis-pool.ts';
import { CONTROL_FILE, openControl } from '../../../server/store/control/open-control.ts';
import { openSqliteStore } from '../../../server/store/sqlite/sqlite-store.ts';
import { batchOf } from '../../support/flow.ts';
import { seen } from '../../support/objects.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { clock, dropped, manifests, namespaceOf, podOf } from '../../support/why-world.ts';

const log = createLogger('silent');
const CART = podOf('shop/cart-0', '10.0.1.1', { app: 'cart' });
const REDIS = podOf('shop/redis-0', '10.0.1.2', { app: 'redis' });
const DENY = manifests(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: redis-nobody, namespace: shop }
spec: { podSelector: { matchLabels: { app: redis } }, policyTypes: [Ingress] }
`).map((manifest) => seen(manifest));
const KINDS = ['Namespace', 'Pod', 'NetworkPolicy.networking.k8s.io'];
const BEFORE = clock('12:00:00');

type World = AsyncDisposable & {
  readonly pool: AnalysisPool;
  readonly sink: InventorySink;
  readonly file: string;
};

/** A cluster in which a policy keeps everybody from redis, and the one drop that it made. */
async function openWorld({
  seenAt = clock('12:04:31'),
  ...options
}: { readonly limitMs?: number; readonly seenAt?: EpochNanos } = {}): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const directory = parts.use(await temporaryDirectory());
  const store = parts.use(await openSqliteStore({ directory: directory.path }));
  const control = parts.use(openControl({ directory: directory.path, log }));
  let sink: InventorySink | undefined;
  const told: InventorySource = {
    ...{ name: 'told', kind: 'kubernetes', cluster: '', target: 'test', how: 'watched' },
    run: (given, signal) => {
      sink = given;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  };
  const inventory = parts.use(
    await keepInventory({
      ...{ sources: [told], history: control.objects, clock: systemClock(), log },
      keep: { versionsMs: 1e12, podsMs: 1e12 },
      onfailure: (error) => {
        throw error;
      },
    }),
  );
  if (sink === undefined) throw new Error('the source was not run');
  const objects = [namespaceOf('shop'), CART, REDIS].map((manifest) => seen(manifest));
  for (const kind of KINDS) sink.listed(kind, [], BEFORE);
  for (const object of [...objects, ...DENY]) sink.changed(object, BEFORE);
  const drop = dropped({ from: CART, to: REDIS, port: 6379, at: '12:04:31' });
  await store.append(batchOf([{ ...drop, observedAt: seenAt }]));
  const { tellNow } = inventory;
  const pool = parts.use(openAnalysisPool({ directory: directory.path, tellNow, log, ...options }));
  const held = parts.move();
  return {
    ...{ pool, sink, file: join(directory.path, CONTROL_FILE) },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

test('a drop is weighed by the policies of its time and by those of now, in one process that stays', async () => {
  await using world = await openWorld();
  const { pool, sink } = world;
  const { explain, listPolicies, podPolicies } = pool.analyses;
  const verdicts = async (of: 'then' | 'now') =>
    (await explain({ seq: 1, of })).ends.map(({ way, verdict }) => `${way} ${verdict}`);
  expect(await verdicts('then')).toContain('ingress deny');
  expect(await verdicts('now')).toContain('ingress deny');
  for (const { key } of DENY) sink.gone(key, clock('12:05:00'));
  expect(await verdicts('then')).toContain('ingress deny');
  expect(await verdicts('now')).not.toContain('ingress deny');

  const now = clock('12:06:00');
  const { policies } = await listPolicies({
    ...{ now, asOf: clock('12:04:00'), within: undefined, buckets: 3, windowMs: 86_400_000 },
  });
  expect(policies.map(({ id }) => id)).toEqual(['NetworkPolicy/shop/redis-nobody']);
  const redis = { namespace: 'shop', name: 'redis-0', workload: '' };
  expect((await podPolicies({ ...redis, asOf: undefined })).policies).toEqual([]);
  expect((await podPolicies({ ...redis, asOf: clock('12:04:00') })).policies).toHaveLength(1);
  expect(pool.load()).toMatchObject({ processes: 1, busy: 0, ended: { answered: 7, failed: 0 } });
});

test('a drop of a node whose clock is ahead is weighed by the policies of now', async () => {
  const ahead = nanos(systemClock().now() + 60n * NANOS_PER_SECOND);
  await using world = await openWorld({ seenAt: ahead });
  const { ends } = await world.pool.analyses.explain({ seq: 1, of: 'then' });
  expect(ends[0]).toMatchObject({ way: 'ingress', verdict: 'deny' });
});

test('what has a name keeps it on the way, and the process goes on', async () => {
  await using world = await openWorld();
  const { analyses, load } = world.pool;
  await expect(analyses.explain({ seq: 999, of: 'then' })).rejects.toMatchObject({
    code: 'not-found',
    detail: "no flow has the number '999'; it may be past retention",
  });
  expect((await analyses.explain({ seq: 1, of: 'then' })).seq).toBe(1);
  expect(load()).toMatchObject({ processes: 1, ended: { answered: 1, failed: 1 } });
});

test('an analysis past its limit is killed and said so, each time anew', async () => {
  await using world = await openWorld({ limitMs: 1 });
  const { analyses, load } = world.pool;
  for (const of of ['then', 'now'] as const)
    await expect(analyses.explain({ seq: 1, of })).rejects.toMatchObject({
      code: 'query-timeout',
      detail: expect.stringContaining('it took longer than 0.001 s') as string,
    });
  expect(load().ended).toMatchObject({ answered: 0, timedOut: 2, failed: 0 });
});

test('without the history of objects a drop is explained without policies, and that is said', async () => {
  await using world = await openWorld();
  for (const suffix of ['', '-wal', '-shm']) await rm(world.file + suffix, { force: true });
  const told = await world.pool.analyses.explain({ seq: 1, of: 'then' });
  expect(told).toMatchObject({
    against: undefined,
    ends: [],
    noSuggestion: 'The policies of that time are not known.',
  });
});
