import { keyText, type Inventory, type ObjectVersion } from '../../core/inventory.ts';
import { parseTime, type EpochNanos } from '../../core/time.ts';

/** What is known of how a version came about. */
export type VersionFacts = {
  /** From when on the policy is known to have said what it says; it may have said so before. */
  readonly since: EpochNanos;
  /** It was there before and said something else. */
  readonly isEdit: boolean;
};

export type VersionBook = { factsOf(version: ObjectVersion): Promise<VersionFacts> };

/** Asks for the history of a version once, since it does not change. */
export function createVersionBook(inventory: Pick<Inventory, 'versions'>): VersionBook {
  const known = new Map<string, VersionFacts>();
  const find = async (version: ObjectVersion): Promise<VersionFacts> => {
    const created = createdAt(version);
    // The first generation has said the same since the object was made, whoever saw it when.
    if (version.manifest.metadata.generation === 1 && created !== undefined)
      return { since: created < version.from ? created : version.from, isEdit: false };
    const earlier = (await inventory.versions(version.key)).filter(
      ({ source, from, hash }) =>
        source === version.source && from < version.from && hash !== version.hash,
    );
    return { since: version.from, isEdit: earlier.length > 0 };
  };
  return {
    async factsOf(version) {
      const key = `${keyText(version.key)}\n${version.source}\n${version.from}`;
      const facts = known.get(key) ?? (await find(version));
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(key, facts);
      return facts;
    },
  };
}

/** Versions whose facts are kept: some for each policy of a large cluster. */
const MAX_KNOWN = 50_000;

function createdAt({ manifest }: ObjectVersion): EpochNanos | undefined {
  const { creationTimestamp } = manifest.metadata;
  return creationTimestamp === undefined ? undefined : parseTime(creationTimestamp);
}
