import { zstdDecompressSync } from 'node:zlib';
import { AppError } from '../core/errors.ts';
import {
  keyText,
  type Coverage,
  type HowSeen,
  type InventorySnapshot,
  type ObjectVersion,
} from '../core/inventory.ts';
import type { Manifest } from '../core/manifest.ts';
import type { EpochNanos } from '../core/time.ts';
import type { StoredVersion } from '../store/control/objects-history.ts';

const RANK: Readonly<Record<HowSeen, number>> = { watched: 2, read: 1, inferred: 0 };

/** Puts together what several sources say of one time. */
export function snapshotOf(
  at: EpochNanos,
  versions: Iterable<ObjectVersion>,
  coverage: readonly Coverage[],
): InventorySnapshot {
  const best = new Map<string, ObjectVersion>();
  for (const version of versions) {
    const key = keyText(version.key);
    const other = best.get(key);
    if (other === undefined || isBetter(version, other)) best.set(key, version);
  }
  const begins = coverage.map(({ from }) => from);
  return {
    at,
    objects: [...best.values()],
    coverage,
    coveredSince: begins.reduce<EpochNanos | undefined>(
      (first, from) => (first === undefined || from < first ? from : first),
      undefined,
    ),
  };
}

const isBetter = (one: ObjectVersion, other: ObjectVersion): boolean =>
  RANK[one.how] === RANK[other.how] ? one.from > other.from : RANK[one.how] > RANK[other.how];

export type Unpack = (stored: readonly StoredVersion[]) => Promise<readonly ObjectVersion[]>;

/** Some milliseconds of work, between which the process answers others. */
const CHUNK = 500;

/** Unpacks many stored versions without keeping the process from others. */
export function createUnpack(capacity: number): Unpack {
  const versionOf = createVersions(capacity);
  return async (stored) => {
    const versions: ObjectVersion[] = [];
    for (const [index, each] of stored.entries()) {
      if (index > 0 && index % CHUNK === 0) await new Promise(setImmediate);
      versions.push(versionOf(each));
    }
    return versions;
  };
}

/**
 * Unpacks stored versions. The latest `capacity` stay unpacked, since one asks for the same times again, and are the
 * same object each time: whoever keeps what was made of them knows by that that nothing changed.
 */
export function createVersions(capacity: number): (stored: StoredVersion) => ObjectVersion {
  const manifests = createKept<Manifest>(capacity);
  const versions = createKept<ObjectVersion>(capacity);
  return ({ source, key, hash, body, from, until, how }) =>
    versions.of([source, keyText(key), hash, from, until].join('\n'), () => {
      const manifest = manifests.of(hash, () => unpackOne(body, key.name));
      return { source, key, hash, from, until, how, manifest };
    });
}

/** What was made for the latest names that were asked for. */
function createKept<T>(capacity: number) {
  const kept = new Map<string, T>();
  return {
    of(name: string, make: () => T): T {
      const value = kept.get(name) ?? make();
      kept.delete(name);
      kept.set(name, value);
      const [oldest] = kept.keys();
      if (kept.size > capacity && oldest !== undefined) kept.delete(oldest);
      return value;
    },
  };
}

function unpackOne(body: Buffer, name: string): Manifest {
  try {
    return JSON.parse(zstdDecompressSync(body).toString()) as Manifest;
  } catch (cause) {
    throw new AppError('store-damaged', `the stored object '${name}' cannot be read`, { cause });
  }
}
