/**
 * How long an explanation takes: `node test/bench/why.bench.ts [stored flows] [directory]`. A store of that size is
 * made first, unless the directory holds one, such as that of the history bench. The policies are those of one
 * thousand workloads, read as from files.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../server/core/manifest.ts';
import { nanos } from '../../server/core/time.ts';
import { createEngines } from '../../server/operations/why/engine-at.ts';
import { explainFlow } from '../../server/operations/why/explain-flow.ts';
import { filesInventory } from '../../server/operations/why/files-inventory.ts';
import { term } from '../../server/query/build.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { batchOf } from '../support/flow.ts';
import { print } from '../support/measure.ts';
import { networkPolicy, seen } from '../support/objects.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { makeFlows } from './peers/flows.ts';

const flows = Number(process.argv[2] ?? 1_000_000);
const given = process.argv[3];
const DROPS = 200;
const POLICIES = 1_000;
const BATCH = 4_096;

await using parts = new AsyncDisposableStack();
const directory = given ?? parts.use(await temporaryDirectory()).path;
const isThere = existsSync(join(directory, 'dropwise.sqlite'));
const store = parts.use(await openSqliteStore({ directory, readOnly: isThere }));
if (!isThere) {
  let batch: Parameters<typeof batchOf>[0][number][] = [];
  for (const flow of makeFlows(flows)) {
    if (batch.push(flow) < BATCH) continue;
    await store.append(batchOf(batch, { origin: flow.origin }));
    batch = [];
  }
  if (batch.length > 0) await store.append(batchOf(batch, { origin: 'relay-east' }));
}

const dropped = await store.page(
  { where: term(undefined, 'verdict', 'dropped') },
  { limit: DROPS, order: 'newest' },
);
const namespaces = [...new Set(dropped.flows.map(({ destination }) => destination.namespace))];
const policies = Array.from({ length: POLICIES }, (_, at): Manifest => {
  const namespace = namespaces[at % namespaces.length] ?? 'default';
  const podSelector = at < namespaces.length ? {} : { matchLabels: { app: `app-${at}` } };
  return networkPolicy(`policy-${at}`, { podSelector }, namespace || 'default');
});
const inventory = filesInventory(
  policies.map((policy) => seen(policy)),
  nanos(2n ** 62n),
);
const engines = createEngines();
const took: number[] = [];
for (const { seq } of dropped.flows) {
  const begun = performance.now();
  const flow = await store.find(seq);
  if (flow === undefined) throw new Error('a drop went away');
  await explainFlow(flow, {
    ...{ reader: store, inventory, engines, dataplane: 'cilium', of: 'then' },
  });
  took.push(performance.now() - begun);
}
const sorted = took.toSorted((a, b) => a - b);
const share = (part: number): number => Math.round(sorted[Math.floor(sorted.length * part)] ?? 0);
print({
  ...{ name: 'why', flows: store.head(), drops: took.length, policies: POLICIES },
  ...{ p50Ms: share(0.5), p95Ms: share(0.95), maxMs: share(0.999) },
});
