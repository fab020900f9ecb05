import type { Block } from '../../columns/block.ts';

/** Opened blocks by a name, within a limit of memory. */
export type BlockCache = {
  get(key: string): Block | undefined;
  put(key: string, entry: { readonly firstSeq: number; readonly block: Block }): void;
};

type Entry = { readonly firstSeq: number; readonly block: Block; usedAt: number };

/** What nothing has asked for in this time goes first. */
const IDLE_MS = 10_000;

/**
 * Pages and histograms begin with the newest blocks, over and over, and searches go on to the oldest. So among
 * blocks that are in use the oldest flows go first: one long search then leaves the newest blocks where they are.
 */
export function createBlockCache(limitBytes: number): BlockCache {
  const entries = new Map<string, Entry>();

  const trim = () => {
    // Blocks grow while their columns are decoded, so they are summed up each time.
    let held = 0;
    for (const { block } of entries.values()) held += block.bytes();
    if (held <= limitBytes) return;
    const idleSince = performance.now() - IDLE_MS;
    const isIdle = ({ usedAt }: Entry) => Number(usedAt < idleSince);
    const victims = [...entries].toSorted(
      ([, a], [, b]) => isIdle(b) - isIdle(a) || a.firstSeq - b.firstSeq,
    );
    for (const [key, { block }] of victims) {
      if (held <= limitBytes) return;
      entries.delete(key);
      held -= block.bytes();
    }
  };

  return {
    get(key) {
      const entry = entries.get(key);
      if (entry !== undefined) entry.usedAt = performance.now();
      return entry?.block;
    },
    put(key, { firstSeq, block }) {
      trim();
      entries.set(key, { firstSeq, block, usedAt: performance.now() });
    },
  };
}
