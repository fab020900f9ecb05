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

/** Unpacks stored versions; the newest `capacity` contents stay unpacked, since one asks for the same times again. */
export function createUnpack(capacity: number): Unpack {
  const known = new Map<string, Manifest>();
  const manifestOf = ({ hash, body, key }: StoredVersion): Manifest => {
    const held = known.get(hash);
    const manifest = held ?? unpackOne(body, key.name);
    known.delete(hash);
    known.set(hash, manifest);
    const [oldest] = known.keys();
    if (known.size > capacity && oldest !== undefined) known.delete(oldest);
    return manifest;
  };
  return async (stored) => {
    const versions: ObjectVersion[] = [];
    for (const [index, each] of stored.entries()) {
      if (index > 0 && index % CHUNK === 0) await new Promise(setImmediate);
      const { source, key, hash, from, until, how } = each;
      versions.push({ source, key, hash, from, until, how, manifest: manifestOf(each) });
    }
    return versions;
  };
}

function unpackOne(body: Buffer, name: string): Manifest {
  try {
    return JSON.parse(zstdDecompressSync(body).toString()) as Manifest;
  } catch (cause) {
    throw new AppError('store-damaged', `the stored object '${name}' cannot be read`, { cause });
  }
}
