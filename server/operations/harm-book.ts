import type { Harm } from '../core/harm.ts';
import type { EpochNanos } from '../core/time.ts';
import { RECOVERY_NANOS } from '../core/harm.ts';
import type { CountedDropGroup } from '../store/drop-counts.ts';
import { SECOND, type Look } from './drop-checks/look.ts';
import { harmOfDrop } from './drop-harm.ts';

/** Knows of drop groups whether they do harm, as far as it had time to look. */
export type HarmBook = {
  /** By key of the group. Groups that were not looked at yet have none: the next question goes on with them. */
  of(
    groups: readonly CountedDropGroup[],
    options: { readonly now: EpochNanos; readonly signal?: AbortSignal },
  ): Promise<ReadonlyMap<string, Harm>>;
};

type Entry = {
  readonly harm: Harm;
  readonly lastAt: EpochNanos;
  readonly judgedAt: EpochNanos;
  /** The time for a success was over, so that the answer holds for good. */
  readonly settled: boolean;
};

/** One question spends so long on looking; who asks again learns more. */
const WORK_MS = 250;
/** A group that goes on is judged anew after so long. */
const FRESH = 15n * SECOND;
const KEPT = 5_000;

export function createHarmBook(look: Pick<Look, 'reader'>): HarmBook {
  const entries = new Map<string, Entry>();

  const known = (group: CountedDropGroup, now: EpochNanos): Entry | undefined => {
    const entry = entries.get(group.key);
    if (entry === undefined) return undefined;
    if (entry.lastAt === group.lastAt && entry.settled) return entry;
    const elapsed = now - entry.judgedAt;
    const apart = group.lastAt - entry.lastAt;
    return elapsed < FRESH && apart > -FRESH && apart < FRESH ? entry : undefined;
  };

  const keep = (key: string, entry: Entry): void => {
    entries.delete(key);
    entries.set(key, entry);
    const [oldest] = entries.keys();
    if (entries.size > KEPT && oldest !== undefined) entries.delete(oldest);
  };

  return {
    async of(groups, { now, signal }) {
      const until = performance.now() + WORK_MS;
      const harms = new Map<string, Harm>();
      for (const group of groups) {
        const entry = known(group, now);
        if (entry !== undefined) {
          harms.set(group.key, entry.harm);
          continue;
        }
        if (performance.now() >= until) continue;
        const { latest: drop, lastAt } = group;
        const harm = await harmOfDrop(
          { ...look, ...(signal === undefined ? {} : { signal }) },
          { drop, lastAt, now },
        );
        harms.set(group.key, harm);
        keep(group.key, { harm, lastAt, judgedAt: now, settled: now - lastAt > RECOVERY_NANOS });
      }
      return harms;
    },
  };
}
