import type { Coverage, Inventory, InventorySnapshot, ObjectVersion } from '../core/inventory.ts';
import { nanos, type EpochNanos } from '../core/time.ts';
import type { StoredVersion } from '../store/control/objects-history.ts';
import { readObjects, type ObjectReader } from '../store/control/read-objects.ts';
import { createVersions, snapshotOf } from './inventory-snapshot.ts';

/**
 * What the process that keeps the inventory knows and its history does not say, told with each question: whoever reads
 * the history then knows the same.
 */
export type InventoryNow = {
  readonly at: EpochNanos;
  /** Names of the sources that run. */
  readonly sources: readonly string[];
  /** Spans that go on at that time; the history has them up to some seconds ago. */
  readonly going: readonly Coverage[];
  /** All objects, where what changed cannot be written. */
  readonly unwritten: readonly ObjectVersion[] | undefined;
};

export type HistoryInventory = Inventory & {
  /** What `current` and the end of the history are from now on. */
  hear(now: InventoryNow): void;
};

const NOTHING: InventoryNow = { at: nanos(0n), sources: [], going: [], unwritten: undefined };
/** Of a large cluster at one time. */
const UNPACKED = 20_000;
/** One explanation asks for four. */
const KEPT_MOMENTS = 8;

/** The inventory beside the process that keeps it, from the history in its data directory. */
export function openHistoryInventory(directory: string): HistoryInventory {
  const versionOf = createVersions(UNPACKED);
  const moments = createMoments((stored) => stored.map(versionOf));
  let now = NOTHING;
  let opened: ObjectReader | undefined;
  const history = (): ObjectReader | undefined => (opened ??= readObjects(directory));
  const snapshotAt = (at: EpochNanos): InventorySnapshot => {
    const objects = history();
    // Without the objects nothing is known, whoever watches them.
    if (objects === undefined) return snapshotOf(at, [], []);
    const versions = moments.of(objects, String(at), () => objects.at(at));
    return snapshotOf(at, versions, coverageAt(objects, at, now));
  };

  return {
    hear(told) {
      now = told;
    },
    current(): InventorySnapshot {
      const { at, going, unwritten, sources } = now;
      if (unwritten !== undefined) return snapshotOf(at, unwritten, going);
      const objects = history();
      if (objects === undefined) return snapshotOf(at, [], []);
      const versions = moments.of(objects, `now ${sources.join('\n')}`, () =>
        sources.flatMap((source) => objects.open(source)),
      );
      return snapshotOf(at, versions, going);
    },
    asOf: (at) => new Promise((resolve) => resolve(snapshotAt(at))),
    versions: (key) => new Promise((resolve) => resolve(history()?.of(key).map(versionOf) ?? [])),
  };
}

/** What is written down, and what goes on since. A history that lacks changes says nothing of the time since. */
function coverageAt(
  objects: ObjectReader,
  at: EpochNanos,
  { going, unwritten }: InventoryNow,
): readonly Coverage[] {
  const written = objects.coverageAt(at);
  if (unwritten !== undefined) return written;
  const known = new Set(written.map(spanName));
  return [
    ...written,
    ...going.filter((span) => span.from <= at && at <= span.until && !known.has(spanName(span))),
  ];
}

const spanName = ({ source, kind }: Coverage): string => `${source}\n${kind}`;

type Moments = {
  of(
    objects: ObjectReader,
    name: string,
    read: () => readonly StoredVersion[],
  ): readonly ObjectVersion[];
};

/** Keeps what was read of the latest moments for as long as nobody writes the file. */
function createMoments(
  unpack: (stored: readonly StoredVersion[]) => readonly ObjectVersion[],
): Moments {
  const kept = new Map<string, readonly ObjectVersion[]>();
  let written: number | undefined;
  return {
    of(objects, name, read) {
      const state = objects.writes();
      if (state !== written) kept.clear();
      written = state;
      const versions = kept.get(name) ?? unpack(read());
      kept.delete(name);
      kept.set(name, versions);
      const [oldest] = kept.keys();
      if (kept.size > KEPT_MOMENTS && oldest !== undefined) kept.delete(oldest);
      return versions;
    },
  };
}
