import { AppError } from '../core/errors.ts';
import { term } from '../query/build.ts';
import { areRetinas } from '../sources/decode/retina.ts';
import type { FlowReader } from '../store/flow-store.ts';
import { recordJson } from './show-flow.ts';

/** Finds out whose records a source tells, where its protocol is spoken by several. */
export type Producers = {
  /** `flows`: how many of it are stored. `undefined`: those that one would expect. */
  readonly find: (origin: string, flows: number) => Promise<'retina' | undefined>;
};

const RECORDS = 50;
/** The list of sources waits for it. */
const LOOK_MS = 200;

/**
 * Looks at the newest records that are stored, so that imports and what is no longer configured are known as well.
 * Whom it knows it remembers; of others it looks again when they have told twice as much.
 */
export function createProducers(store: FlowReader): Producers {
  const known = new Map<string, { readonly flows: number; readonly isRetina: boolean }>();
  return {
    find: async (origin, flows) => {
      let found = known.get(origin);
      if (found === undefined || (!found.isRetina && flows >= 2 * found.flows)) {
        const isRetina = await looksLikeRetina(store, origin);
        if (isRetina === undefined) return undefined;
        found = { flows: Math.max(1, flows), isRetina };
        known.set(origin, found);
      }
      return found.isRetina ? 'retina' : undefined;
    },
  };
}

/** `undefined` when the records cannot be read now. */
async function looksLikeRetina(store: FlowReader, origin: string): Promise<boolean | undefined> {
  try {
    const { flows } = await store.records(
      { where: term(undefined, 'source', origin) },
      { limit: RECORDS, order: 'newest', workMs: LOOK_MS },
    );
    const told = flows.filter(({ raw }) => raw.format.startsWith('hubble-'));
    return areRetinas(told.map(({ raw }) => recordJson(raw)));
  } catch (error) {
    // What is wrong with the store is told elsewhere; the list of sources has to come all the same.
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
