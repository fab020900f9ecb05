import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyAll, killByCopy, type Death } from './killed-runs.ts';
import { PATIENCE_MS, POWER_SEEDS } from './seeds.ts';

const HEADER_BYTES = 32;
const SECTOR_BYTES = 512;
/** Frames of the log that were being copied into the database: SQLite wrote them to the disk before. */
const COPYING_AT = 128;

/** What `PRAGMA synchronous` answers where SQLite writes the log to the disk before others can read the commit. */
const FULL = 2;

/** Where in which log everything before is on the disk. */
type Synced = { readonly salt: Buffer; readonly frames: number };

const saltOf = (log: Buffer): Buffer => log.subarray(16, 24);

/**
 * A copy as after a power cut: of the log, what was not yet written to the disk is cut off, or some of its sectors
 * are as they were before. (The database file is written by checkpoints only, which wait for the disk.)
 */
function losePower(): Death {
  let synced: Synced = { salt: Buffer.alloc(0), frames: 0 };
  return {
    watch({ when }, db) {
      if (when !== 'after' || db.pragma('synchronous', { simple: true }) !== FULL) return;
      const [log] = db.pragma('wal_checkpoint(NOOP)') as [{ log: number }];
      synced = { salt: saltOf(readFileSync(`${db.name}-wal`)), frames: log.log };
    },
    copy(from, to, random) {
      copyAll(from, to, random);
      const path = join(to, 'dropwise.sqlite');
      if (!existsSync(`${path}-wal`) || !existsSync(`${path}-shm`)) return;
      const log = readFileSync(`${path}-wal`);
      if (log.length < HEADER_BYTES) return;
      const frameBytes = 24 + log.readUInt32BE(8);
      const copied = readFileSync(`${path}-shm`).readUInt32LE(COPYING_AT);
      const kept = saltOf(log).equals(synced.salt) ? synced.frames : 0;
      const safe = HEADER_BYTES + Math.max(copied, kept) * frameBytes;
      const frames = Math.floor(Math.max(0, log.length - safe) / frameBytes);
      const cut = safe + random.below(frames + 1) * frameBytes;
      if (random.chance(0.4)) writeFileSync(`${path}-wal`, log.subarray(0, cut));
      else {
        for (let at = cut; at < log.length; at += SECTOR_BYTES) {
          if (random.chance(0.3)) log.fill(0, at, Math.min(at + SECTOR_BYTES, log.length));
        }
        writeFileSync(`${path}-wal`, log);
      }
      // The memory is gone with the power; its file may be as it was at any time.
      if (random.chance(0.7)) rmSync(`${path}-shm`);
    },
  };
}

test(
  'after a power cut that lost the end of the log, rows and checkpoints agree, every seal that could be read is there and verifies, and the rest is read again (fault 42)',
  async () => {
    for (const seed of POWER_SEEDS) {
      expect((await killByCopy(seed, losePower())).faults).toEqual([]);
    }
  },
  PATIENCE_MS,
);
