import type { Gap } from '../../server/core/flow.ts';
import type { Told } from './ring-relay.ts';

/** How a store differs from what sources told; empty lists and equal counts where nothing is wrong. */
export type Reckoning = {
  readonly stored: number;
  /** Ids that are stored more than once. */
  readonly duplicates: readonly string[];
  /** Ids that nobody told. */
  readonly invented: readonly string[];
  /** Told, not stored, and inside no gap of their node. */
  readonly unexplained: readonly Told[];
  /** Missing flows that `lost` gaps have to account for, one by one, and what those gaps say. */
  readonly missing: bigint;
  readonly recorded: bigint;
};

/** The standing invariant: stored ids = told ids − recorded losses, and no id twice. */
export function reconcile(parts: {
  readonly told: readonly Told[];
  readonly stored: readonly string[];
  readonly gaps: readonly Gap[];
}): Reckoning {
  const { told, stored, gaps } = parts;
  const seen = new Set<string>();
  const duplicates = stored.filter((id) => seen.size === seen.add(id).size);
  const toldIds = new Set<string>(told.map(({ id }) => id));
  const missing = told.filter(({ id }) => !seen.has(id));
  const isInside = ({ node, observedAt }: Told, gap: Gap): boolean =>
    (gap.node === node || gap.node === '') && gap.from <= observedAt && observedAt < gap.to;
  const unwatched = gaps.filter(({ kind }) => kind === 'unwatched');
  const lost = gaps.filter(({ kind }) => kind === 'lost');
  const uncounted = missing.filter((one) => !unwatched.some((gap) => isInside(one, gap)));
  return {
    stored: stored.length,
    duplicates,
    invented: [...seen].filter((id) => !toldIds.has(id)),
    unexplained: uncounted.filter((one) => !lost.some((gap) => isInside(one, gap))),
    missing: BigInt(uncounted.length),
    recorded: lost.reduce((sum, { count }) => sum + (count ?? 0n), 0n),
  };
}

/** What a reckoning says when `stored` flows are there and nothing is missing. */
export const whole = (stored: number): Reckoning => ({
  stored,
  duplicates: [],
  invented: [],
  unexplained: [],
  missing: 0n,
  recorded: 0n,
});
