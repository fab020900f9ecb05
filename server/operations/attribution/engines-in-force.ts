import type { FlowFields } from '../../core/flow.ts';
import type { Inventory, InventorySnapshot } from '../../core/inventory.ts';
import { nanos, NANOS_PER_SECOND, type EpochNanos } from '../../core/time.ts';
import type { Engine } from '../../policy/engine.ts';
import type { Dataplane } from '../../policy/facts.ts';
import { ofCluster, type Engines } from '../why/engine-at.ts';
import { clusterOf } from '../why/weigh.ts';

/** What weighs flows by the minute in which they were seen. */
export type EnginesInForce = {
  /**
   * One of the policies and pods at the beginning of the minute, and one of those at its end where they differ: which of
   * the two a flow of the minute met is not known. None where nobody watched its cluster then.
   */
  of(minute: number, flow: FlowFields, dataplane: Dataplane): Promise<readonly Engine[]>;
};

const MINUTE = 60n * NANOS_PER_SECOND;

/** Minutes are asked for in order, and each time is looked up once. What was watched is told up to `until`. */
export function createEnginesInForce({
  inventory,
  engines,
  until,
}: {
  readonly inventory: Inventory;
  readonly engines: Engines;
  readonly until: EpochNanos;
}): EnginesInForce {
  const snapshots = new Map<EpochNanos, Promise<InventorySnapshot>>();
  const made = new Map<string, Engine | undefined>();
  let current = -1;

  const snapshotAt = (at: EpochNanos): Promise<InventorySnapshot> => {
    const known = snapshots.get(at) ?? inventory.asOf(at);
    snapshots.set(at, known);
    return known;
  };
  const engineAt = async (
    at: EpochNanos,
    flow: FlowFields,
    dataplane: Dataplane,
  ): Promise<Engine | undefined> => {
    const place = placeOf(flow);
    const key = JSON.stringify([String(at), place.cluster, [...place.namespaces], dataplane]);
    if (made.has(key)) return made.get(key);
    const snapshot = await snapshotAt(at);
    const objects = ofCluster(snapshot, place);
    const isKnown = snapshot.coveredSince !== undefined && objects.length > 0;
    const engine = isKnown ? engines.of(objects, dataplane) : undefined;
    made.set(key, engine);
    return engine;
  };

  return {
    async of(minute, flow, dataplane) {
      const begin = nanos(BigInt(minute) * MINUTE);
      if (minute !== current) {
        // The end of the minute before is the beginning of this one.
        for (const at of snapshots.keys()) if (at < begin) snapshots.delete(at);
        made.clear();
        current = minute;
      }
      const times = [begin, nanos(begin + MINUTE)].map((at) => (at < until ? at : until));
      const found = await Promise.all(times.map((at) => engineAt(at, flow, dataplane)));
      const known = found.filter((engine) => engine !== undefined);
      return known.length < found.length ? [] : [...new Set(known)];
    },
  };
}

/** Without a cluster it is found by the namespaces of both ends. */
function placeOf(flow: FlowFields): Parameters<typeof ofCluster>[1] {
  const cluster = clusterOf(flow);
  if (cluster !== '') return { cluster, namespaces: new Set() };
  const names = [flow.source, flow.destination].map(({ namespace }) => namespace);
  return { cluster, namespaces: new Set(names.filter((name) => name !== '').sort()) };
}
