import type { Explanation } from '../../server/core/explanation.ts';
import type { Endpoint, Flow, RecordedFlow } from '../../server/core/flow.ts';
import { kindName, type Inventory, type SeenObject } from '../../server/core/inventory.ts';
import { manifestsIn, type Manifest } from '../../server/core/manifest.ts';
import {
  nanos,
  NANOS_PER_MILLI,
  NANOS_PER_SECOND,
  type EpochNanos,
} from '../../server/core/time.ts';
import { createLogger } from '../../server/lib/log.ts';
import { readYamlDocuments } from '../../server/lib/yaml-documents.ts';
import { keepInventory } from '../../server/operations/keep-inventory.ts';
import { createEngines } from '../../server/operations/why/engine-at.ts';
import { explainFlow } from '../../server/operations/why/explain-flow.ts';
import type { Dataplane } from '../../server/policy/facts.ts';
import type { ObjectChange } from '../../server/store/control/objects-history.ts';
import type { ControlStore } from '../../server/store/control/control-store.ts';
import type { FlowStore } from '../../server/store/flow-store.ts';
import { openControl } from '../../server/store/control/open-control.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { aDrop, aFlow, batchOf } from './flow.ts';
import { seen } from './objects.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A time of the day on which these worlds play: `12:04:31`. */
export const clock = (text: string): EpochNanos =>
  nanos(BigInt(Date.parse(`2026-05-03T${text}Z`)) * NANOS_PER_MILLI);

/** The inventory is watched from here on, for a day. */
const WATCHED_FROM = clock('00:00:00');
const WATCHED_UNTIL = nanos(WATCHED_FROM + 86_400n * NANOS_PER_SECOND);

export const manifests = (yaml: string): readonly Manifest[] =>
  readYamlDocuments(yaml).flatMap((read) => {
    if (!read.ok) throw new Error(read.fault.message);
    return manifestsIn(read.document.value).map((found) => {
      if (!found.ok) throw new Error(found.fault.message);
      return found.manifest;
    });
  });

/** A change of the cluster: objects that came or are otherwise, or one that went. */
export type Step =
  | { readonly at: EpochNanos; readonly put: readonly Manifest[] }
  | { readonly at: EpochNanos; readonly gone: readonly Manifest[] };

type Labels = Readonly<Record<string, string>>;

/** A pod called as its workload is, with a number behind it: `shop/cart-0`. */
export function podOf(
  path: string,
  ip: string,
  labels: Labels,
  more: { readonly ports?: readonly object[]; readonly node?: string } = {},
): Manifest {
  const [namespace = '', name = ''] = path.split('/');
  const { ports = [], node = 'node-1' } = more;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { nodeName: node, containers: [{ name: 'main', image: 'x', ports }] },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
  };
}

export const namespaceOf = (name: string, labels: Labels = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } },
});

/** The end of a flow that a pod is, as records name it. */
function endOf(pod: Manifest): Endpoint {
  const { name, namespace = '', labels = {} } = pod.metadata;
  return {
    kind: 'workload',
    cluster: '',
    namespace,
    pod: name,
    workload: name.replace(/-\d+$/, ''),
    workloadKind: 'Deployment',
    name: '',
    identity: 1_000,
    labels: Object.entries(labels).map(([key, value]) => `k8s:${key}=${value}`),
  };
}

/** Anything outside the cluster. */
export const OUTSIDE: Endpoint = {
  ...{ kind: 'network', cluster: '', namespace: '', pod: '', workload: '', workloadKind: '' },
  ...{ name: '', identity: 2, labels: ['reserved:world'] },
} as const;

const ipOf = (pod: Manifest): string => (pod['status'] as { readonly podIP: string }).podIP;

export type Talk = {
  readonly from: Manifest | string;
  readonly to: Manifest | string;
  readonly port: number;
  readonly at: string;
  readonly more?: Partial<Flow>;
};

function between({ from, to, port, at, more }: Talk): Partial<Flow> {
  const side = (end: Manifest | string) =>
    typeof end === 'string' ? { end: OUTSIDE, ip: end } : { end: endOf(end), ip: ipOf(end) };
  const [source, destination] = [side(from), side(to)];
  return {
    node: 'node-1',
    source: source.end,
    sourceIp: source.ip,
    destination: destination.end,
    destinationIp: destination.ip,
    destinationPort: port,
    observedAt: clock(at),
    receivedAt: clock(at),
    ...more,
  };
}

export const dropped = (talk: Talk): Flow => aDrop(between(talk));
export const allowed = (talk: Talk): Flow => aFlow(between(talk));

export type WhyWorld = AsyncDisposable & {
  readonly inventory: Inventory;
  readonly store: FlowStore;
  readonly control: ControlStore;
  readonly directory: string;
  /** Stores flows; answers with the last of them. */
  append(...flows: readonly Flow[]): Promise<RecordedFlow>;
  /** By the policies of the flow's time, or of another. */
  explain(flow: RecordedFlow, at?: EpochNanos): Promise<Explanation>;
};

/** A store, a history of objects on disk, and what explains the one by the other. */
export async function openWhyWorld({
  dataplane,
  steps,
}: {
  readonly dataplane: Dataplane;
  readonly steps: readonly Step[];
}): Promise<WhyWorld> {
  await using parts = new AsyncDisposableStack();
  const directory = parts.use(await temporaryDirectory());
  const log = createLogger('silent');
  const store = parts.use(await openSqliteStore({ directory: directory.path }));
  const control = parts.use(openControl({ directory: directory.path, log }));
  const objects = control.objects;
  const changes = steps.flatMap(changesOf);
  objects.record('east', changes);
  objects.cover(
    coveredKinds(changes).map((kind) => ({
      ...{ source: 'east', cluster: '', kind, from: WATCHED_FROM, until: WATCHED_UNTIL },
    })),
  );
  const inventory = parts.use(
    await keepInventory({
      ...{ sources: [], history: objects, log, clock: { now: () => WATCHED_UNTIL } },
      keep: { versionsMs: 86_400_000, podsMs: 86_400_000 },
      onfailure: (error) => {
        throw error;
      },
    }),
  );
  const engines = createEngines();
  const held = parts.move();
  return {
    ...{ inventory, store, control, directory: directory.path },
    async append(...flows) {
      const { flows: added, firstSeq } = await store.append(batchOf(flows));
      const last = added.at(-1);
      if (last === undefined) throw new Error('nothing was stored');
      return { ...last, seq: firstSeq + added.length - 1 };
    },
    explain: (flow, at) =>
      explainFlow(flow, { reader: store, inventory, engines, dataplane, of: 'then', at }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const changesOf = (step: Step): readonly ObjectChange[] =>
  'put' in step
    ? step.put.map((manifest) => ({
        ...{ kind: 'present', object: seen(manifest), at: step.at, how: 'watched' },
      }))
    : step.gone.map((manifest) => ({ kind: 'gone', key: seen(manifest).key, at: step.at }));

const keyOf = (change: ObjectChange): SeenObject['key'] =>
  change.kind === 'present' ? change.object.key : change.key;

const coveredKinds = (changes: readonly ObjectChange[]): readonly string[] => [
  ...new Set(changes.map((change) => kindName(keyOf(change)))),
];
