import { createDropGrouper, dropTraits } from '../../core/drop-groups.ts';
import { growHistory, type DropHistory } from '../../core/drop-state.ts';
import type { Catalog } from './catalog.ts';
import { visitDrops } from './drop-rows.ts';
import { createTurns } from './turns.ts';

/** Drops read for one question: about a second. A larger store is known after some questions. */
const MAX_ROWS = 300_000;
/** A scan of ports makes a group a port. Of those beyond, nothing is known. */
const MAX_GROUPS = 200_000;

export type DropHistories = {
  /**
   * Reads the drops that were committed since the last call, and those from before as far as there is time: the first
   * question would else wait for all drops that are kept.
   */
  readOn(signal: AbortSignal | undefined): Promise<void>;
  /** History of a group; `undefined` while it was not met, and not all is read. */
  find(key: string): DropHistory | undefined;
};

/**
 * When groups were dropped, over all drops that are kept. It is worked out from the drops in commit order and kept in
 * memory, so that a question costs what is new. What retention removes after it was read stays known.
 */
export function createDropHistories(
  catalog: Catalog,
  { maxRows = MAX_ROWS }: { readonly maxRows?: number } = {},
): DropHistories {
  const grouper = createDropGrouper();
  const histories = new Map<string, DropHistory>();
  const inTurn = createTurns();
  let readTo = 0;

  const grow = (key: string, at: DropHistory['lastAt']): void => {
    const history = histories.get(key);
    if (history === undefined && histories.size >= MAX_GROUPS) return;
    histories.set(key, growHistory(history, at));
  };

  return {
    readOn: (signal) =>
      inTurn(async () => {
        const head = catalog.head();
        let left = maxRows;
        await visitDrops(
          catalog,
          { where: undefined, asOf: head },
          { after: readTo, signal },
          {
            visit(drop) {
              const traits = dropTraits(drop, drop.reason);
              const { key } = grouper.place(traits);
              grow(key, drop.observedAt);
              // A query that leaves out the verdict of this packet has it in a group of its own.
              if (key !== traits.fingerprint) grow(traits.fingerprint, drop.observedAt);
              readTo = drop.seq;
              left -= 1;
            },
            goesOn: () => left > 0,
          },
        );
        if (left > 0) readTo = head;
      }),
    find: (key) => histories.get(key),
  };
}
