/**
 * A change of 2,000 policies weighed over all that a store holds: `node test/bench/simulate.bench.ts [directory]
 * [flows]`. Without a store in the directory one is made, of a cluster whose workloads talk to the same few others
 * through two weeks, each pod to several of theirs. A second fold says what a warm file cache gives.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoint, Flow } from '../../server/core/flow.ts';
import type { Manifest } from '../../server/core/manifest.ts';
import { nanos } from '../../server/core/time.ts';
import { namespacesOf, readRecorded } from '../../server/operations/audit/recorded.ts';
import { simulateRecorded } from '../../server/operations/audit/simulate-recorded.ts';
import { wholeSpan } from '../../server/operations/whole-span.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { print } from '../support/measure.ts';
import { networkPolicy } from '../support/objects.ts';
import { seededNumbers } from '../support/pod-traffic.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const given = process.argv[2];
const flows = Number(process.argv[3] ?? 100_000);
const POLICIES = 2_000;
const BATCH = 4_096;

const NAMESPACES = 20;
const WORKLOADS = 200;
const PODS = 5;
const SERVERS = 4;
const BEGIN = 1_770_000_000_000_000_000n;
const TWO_WEEKS = 14n * 86_400_000_000_000n;

const KIND = { kind: 'workload', cluster: '', workloadKind: 'Deployment', name: '' } as const;
const ends = new Map<number, Endpoint>();

/** As decoders give them: one object for each pod. */
function endOf(workload: number, pod: number): Endpoint {
  const at = workload * PODS + pod;
  const known = ends.get(at);
  if (known !== undefined) return known;
  const name = `app-${workload}`;
  const end: Endpoint = {
    ...{ ...KIND, namespace: `team-${workload % NAMESPACES}`, pod: `${name}-${pod}` },
    ...{ workload: name, identity: 1_000 + workload, labels: [`k8s:app=${name}`] },
  };
  ends.set(at, end);
  return end;
}

function* traffic(): Generator<Flow> {
  const below = seededNumbers(7);
  const addressOf = (workload: number, pod: number): string =>
    `10.${workload >> 4}.${workload & 15}.${pod + 1}`;
  for (let at = 0; at < flows; at += 1) {
    const [client, from, to] = [below(WORKLOADS), below(PODS), below(PODS)];
    const server = (client * 7 + below(SERVERS) * 13) % WORKLOADS;
    const observedAt = nanos(BEGIN + (TWO_WEEKS * BigInt(at)) / BigInt(flows));
    yield aFlow({
      ...{ event: 'policy-verdict', observedAt, receivedAt: observedAt, node: 'east/node-1' },
      direction: below(2) === 0 ? 'egress' : 'ingress',
      ...{ source: endOf(client, from), sourceIp: addressOf(client, from) },
      ...{ destination: endOf(server, to), destinationIp: addressOf(server, to) },
      ...{ sourcePort: 32_768 + below(28_000), destinationPort: 8_080 + (server % 3) },
    });
  }
}

await using parts = new AsyncDisposableStack();
const directory = given ?? parts.use(await temporaryDirectory()).path;
const isThere = existsSync(join(directory, 'dropwise.sqlite'));
const store = parts.use(await openSqliteStore({ directory, readOnly: isThere }));
if (!isThere) {
  let batch: Flow[] = [];
  for (const flow of traffic()) {
    if (batch.push(flow) < BATCH) continue;
    await store.append(batchOf(batch));
    batch = [];
  }
  if (batch.length > 0) await store.append(batchOf(batch));
}

const within = await wholeSpan(store);
const foldMs: number[] = [];
const fold = async () => {
  const begun = performance.now();
  const recorded = await readRecorded(store, {
    ...{ within, where: undefined, dataplane: 'cilium' },
  });
  foldMs.push(Math.round(performance.now() - begun));
  return recorded;
};
await fold();
const recorded = await fold();

const namespaces = recorded.clusters.flatMap(namespacesOf);
const policies = Array.from({ length: POLICIES }, (_, at): Manifest => {
  const namespace = namespaces[at % namespaces.length] ?? 'default';
  const app = (of: number) => ({ matchLabels: { app: `app-${of % WORKLOADS}` } });
  const podSelector = at < namespaces.length ? {} : app(at);
  const from = [{ namespaceSelector: {}, podSelector: app(at * 7) }];
  return networkPolicy(`policy-${at}`, { podSelector, ingress: [{ from }] }, namespace);
});
const begun = performance.now();
const { counts, weighed } = simulateRecorded(recorded, {
  setsOf: () => ({ before: undefined, after: policies }),
});
const weighMs = Math.round(performance.now() - begun);
print({
  ...{ name: 'simulate', flows: store.head(), policies: POLICIES },
  edges: recorded.clusters.reduce((sum, { edges }) => sum + edges.length, 0),
  ...{ foldMs, weighMs, weighed, counts, untold: recorded.untold },
});
