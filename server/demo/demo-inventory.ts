import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  kindName,
  type InventorySink,
  type InventorySource,
  type SeenObject,
} from '../core/inventory.ts';
import { manifestsIn, type Manifest } from '../core/manifest.ts';
import { NANOS_PER_SECOND, nanosFromSeconds } from '../core/time.ts';
import { KINDS } from '../inventory/kinds.ts';
import { seenObject } from '../inventory/seen-object.ts';
import type { Clock } from '../lib/clock.ts';
import { wait } from '../lib/wait.ts';
import { readYamlDocuments } from '../lib/yaml-documents.ts';
import { createCalicoLog } from './calico-lines.ts';
import { WEST_TRAFFIC } from './calico-traffic.ts';
import type { Cluster } from './cluster.ts';
import { clusterObjects, type ServedPort } from './demo-inventory-objects.ts';
import { asStored } from './demo-object.ts';
import { SCRIPT } from './script.ts';
import type { Timeline } from './timeline.ts';
import { EAST_TRAFFIC } from './traffic.ts';

export type DemoInventoryOptions = {
  readonly timeline: Timeline;
  readonly clock: Clock;
  /** Simulated past before the start. Default 120. */
  readonly backfillMinutes?: number;
};

const FOLDER = join(import.meta.dirname, 'policies');
const TICK_MS = 1_000;

/** The two demo clusters as their API servers would tell them, with the edits that the script makes to policies. */
export function demoInventory(options: DemoInventoryOptions): readonly InventorySource[] {
  const { timeline } = options;
  const west = createCalicoLog(timeline.options.seed).cluster;
  return [
    demoSource(options, {
      cluster: timeline.cluster,
      ports: EAST_TRAFFIC.map(({ to, protocol, port }) => ({ workload: to, protocol, port })),
      policies: readPolicies('east-'),
      edited: (second) => editsAt(timeline, second),
    }),
    demoSource(options, {
      cluster: west,
      ports: WEST_TRAFFIC.flatMap(({ to, protocol, port }) =>
        to.kind === 'workload' ? [{ workload: to.key, protocol, port }] : [],
      ),
      policies: readPolicies('west-'),
      edited: () => [],
    }),
  ];
}

type Scene = {
  readonly cluster: Cluster;
  readonly ports: readonly ServedPort[];
  readonly policies: readonly Manifest[];
  /** Policies that stand in place of those of the same name at a second. */
  edited(second: number): readonly Manifest[];
};

function demoSource(options: DemoInventoryOptions, scene: Scene): InventorySource {
  const { name } = scene.cluster;
  return {
    ...{ name, kind: 'demo', cluster: name, target: 'simulated', how: 'watched' },
    run: (sink, signal) => play(options, scene, sink, signal),
  };
}

/** Tells the past at once and then goes on with the clock. */
async function play(
  { timeline, clock, backfillMinutes = 120 }: DemoInventoryOptions,
  scene: Scene,
  sink: InventorySink,
  signal: AbortSignal,
): Promise<void> {
  const begin = timeline.options.startSecond - backfillMinutes * 60;
  const editor = createEditor(scene, sink);
  const all = [...clusterObjects(scene.cluster, scene.ports), ...editor.policies()];
  const byKind = Map.groupBy(
    all.flatMap((manifest) => seenBy(scene, manifest)),
    ({ key }) => kindName(key),
  );
  for (const kind of KINDS.map(kindName))
    sink.listed(kind, byKind.get(kind) ?? [], nanosFromSeconds(begin));
  sink.news({ state: 'reading' });
  let second = begin;
  while (!signal.aborted) {
    for (const now = Number(clock.now() / NANOS_PER_SECOND); second <= now; second++)
      editor.move(second);
    await wait(TICK_MS, signal);
  }
}

const keyOf = ({ kind, metadata }: Manifest): string =>
  `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

function seenBy({ cluster }: Scene, manifest: Manifest): readonly SeenObject[] {
  const sighting = seenObject(manifest, cluster.name);
  return sighting.kind === 'seen' ? [sighting.object] : [];
}

/** Applies the script's edits, each of which makes a generation as it does in a cluster. */
function createEditor(scene: Scene, sink: InventorySink) {
  const generations = new Map<string, number>();
  let inForce = '';
  const stored = (manifest: Manifest): Manifest =>
    asStored(manifest, scene.cluster.name, generations.get(keyOf(manifest)) ?? 1);
  let replaced: ReadonlyMap<string, Manifest> = new Map();
  return {
    policies: () => scene.policies.map(stored),
    move(second: number): void {
      const edits = new Map(scene.edited(second).map((manifest) => [keyOf(manifest), manifest]));
      const keys = [...edits.keys()].join('\n');
      if (keys === inForce) return;
      inForce = keys;
      for (const policy of scene.policies) {
        const key = keyOf(policy);
        if (edits.has(key) === replaced.has(key)) continue;
        generations.set(key, (generations.get(key) ?? 1) + 1);
        for (const object of seenBy(scene, stored(edits.get(key) ?? policy)))
          sink.changed(object, nanosFromSeconds(second));
      }
      replaced = edits;
    },
  };
}

const incidents = new Map(
  SCRIPT.flatMap(({ name, manifest }) =>
    manifest === undefined ? [] : [[name as string, readFile(manifest)]],
  ),
);

function editsAt(timeline: Timeline, second: number): readonly Manifest[] {
  const { incidents: now } = timeline.stateAt(second);
  return [...now].flatMap((incident) => incidents.get(incident) ?? []);
}

const readPolicies = (prefix: string): readonly Manifest[] =>
  readdirSync(FOLDER)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.yaml'))
    .sort()
    .flatMap(readFile);

function readFile(name: string): readonly Manifest[] {
  return readYamlDocuments(readFileSync(join(FOLDER, name), 'utf8')).flatMap((read) => {
    if (!read.ok) throw new Error(`${name}: ${read.fault.message}`);
    return manifestsIn(read.document.value).map((found) => {
      if (!found.ok) throw new Error(`${name}: ${found.fault.message}`);
      return found.manifest;
    });
  });
}
