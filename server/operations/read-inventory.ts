import { kindName, type Coverage, type Inventory } from '../core/inventory.ts';
import type { EpochNanos } from '../core/time.ts';
import type { ObjectReader } from '../store/control/read-objects.ts';
import { createUnpack, snapshotOf } from './inventory-snapshot.ts';

/** What a data directory knows of one inventory source. */
export type StoredInventorySource = {
  readonly name: string;
  readonly cluster: string;
  readonly objects: readonly { readonly kind: string; readonly count: number }[];
  /** Until when it told anything. */
  readonly toldUntil: EpochNanos | undefined;
};

export type StoredInventory = Inventory & {
  sources(): readonly StoredInventorySource[];
};

const UNPACKED = 20_000;

/** The inventory as a data directory has it, for commands that run beside a server or without one. */
export async function readInventory(
  objects: ObjectReader | undefined,
  now: EpochNanos,
): Promise<StoredInventory> {
  const unpack = createUnpack(UNPACKED);
  const stored = objects?.at(now) ?? [];
  const sources = [...Map.groupBy(stored, ({ source }) => source)].map(([name, own]) => ({
    name,
    cluster: own[0]?.key.cluster ?? '',
    objects: [...Map.groupBy(own, ({ key }) => kindName(key))]
      .map(([kind, those]) => ({ kind, count: those.length }))
      .sort((a, b) => a.kind.localeCompare(b.kind, 'en')),
    toldUntil: objects?.coveredUntil(name),
  }));
  const told = sources.flatMap(({ toldUntil }) => toldUntil ?? []);
  // A server writes every few seconds up to when it told all: what it told last holds until now.
  const coverage = told.flatMap((at) => objects?.coverageAt(at < now ? at : now) ?? []);
  const current = snapshotOf(now, await unpack(stored), distinct(coverage));
  return {
    sources: () => sources,
    current: () => current,
    asOf: async (at) =>
      snapshotOf(at, await unpack(objects?.at(at) ?? []), objects?.coverageAt(at) ?? []),
    versions: (key) => unpack(objects?.of(key) ?? []),
  };
}

const distinct = (spans: readonly Coverage[]): readonly Coverage[] => [
  ...new Map(spans.map((span) => [`${span.source}\n${span.kind}`, span])).values(),
];
