import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';

/** What folders hold, for finding the rotated files of a log. */
export type Folders = {
  /**
   * Names in the folder of a live file that are its rotations: the live one's name with a time
   * (`events-2026-….log`), a number (`events.log.1`, `events-1.log`) or `.gz` added; `events-dmz.log` is a log of
   * its own. Empty where the folder does not exist; throws where it cannot be read. Of a folder that takes long to
   * list and changes all the time the answer may be a little old, unless it has to be `fresh`.
   */
  readonly rotatedOf: (live: string, fresh?: 'fresh') => Promise<readonly string[]>;
};

/** Names by the live name that they may be rotations of. */
type Listing = {
  readonly modifiedNs: bigint;
  readonly listedAtMs: number;
  readonly goodForMs: number;
  readonly byLive: ReadonlyMap<string, readonly string[]>;
};

/** File systems keep coarse times: a folder that changed this shortly before it was listed may have changed since. */
const SETTLED_MS = 1_000;
/** Folders of which the listing is kept. */
const LISTINGS = 1_000;
/**
 * The listing of a folder of so many names is good for so many times as long as it took, which bounds the part of
 * the time that goes into listings.
 */
const [MANY_NAMES, GOOD_FOR] = [5_000, 10];

/** Lists a folder again only when it changed, since it may hold a hundred thousand files that all ask. */
export function createFolders(): Folders {
  const listings = new Map<string, Listing>();
  const list = async (folder: string, isFresh: boolean): Promise<Listing> => {
    const known = listings.get(folder);
    const age = Date.now() - (known?.listedAtMs ?? 0);
    if (known !== undefined && !isFresh && age < known.goodForMs) return known;
    const { mtimeNs } = await stat(folder, { bigint: true });
    const settled =
      known?.modifiedNs === mtimeNs && known.listedAtMs - Number(mtimeNs) / 1e6 > SETTLED_MS;
    if (settled) return known;
    const listedAtMs = Date.now();
    const startedMs = performance.now();
    const found = await readdir(folder);
    const names = indexed(found);
    const goodForMs = found.length < MANY_NAMES ? 0 : (performance.now() - startedMs) * GOOD_FOR;
    listings.delete(folder);
    if (listings.size >= LISTINGS) listings.delete(listings.keys().next().value ?? '');
    const listing = { modifiedNs: mtimeNs, listedAtMs, goodForMs, byLive: names };
    listings.set(folder, listing);
    return listing;
  };
  return {
    rotatedOf: async (live, fresh) => {
      try {
        const { byLive } = await list(dirname(live), fresh !== undefined);
        return byLive.get(basename(live)) ?? [];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    },
  };
}

function indexed(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const index = new Map<string, string[]>();
  for (const name of names) {
    for (const live of liveNamesOf(name)) {
      const rotated = index.get(live);
      if (rotated === undefined) index.set(live, [name]);
      else rotated.push(name);
    }
  }
  return index;
}

/**
 * What rotators put into a name: numbers; dates, perhaps with a number; lumberjack's time, of which a successor
 * tells the reason as well (reference/calico.md 2.1).
 */
const ROTATION =
  /^[.-](?:\d{1,14}(?:-\d{1,14})?|\d{4}-\d{2}-\d{2}(?:T\d{2}-\d{2}-\d{2}(?:\.\d{1,9})?(?:-[a-z]+)?)?)$/;

/** Names that a live file would have of which this is a rotation. Most of them do not exist. */
export function liveNamesOf(name: string): readonly string[] {
  const plain = name.replace(/\.gz$/, '');
  const extension = extname(plain);
  const stem = basename(plain, extension);
  const lives = new Set<string>(plain === name ? [] : [plain]);
  for (const live of withoutRotation(plain)) lives.add(live);
  for (const live of withoutRotation(stem)) lives.add(live + extension);
  return [...lives];
}

function withoutRotation(text: string): readonly string[] {
  const found: string[] = [];
  for (let at = 1; at < text.length; at += 1) {
    if ((text[at] === '.' || text[at] === '-') && ROTATION.test(text.slice(at))) {
      found.push(text.slice(0, at));
    }
  }
  return found;
}
