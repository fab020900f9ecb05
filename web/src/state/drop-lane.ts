import { representative } from '../../../server/core/drop-groups.ts';
import type { DropGroupJson, FlowJson } from '../../../server/http/contract.ts';

/** A row of the drops lane: what the store counted, and what the stream counted since. */
export type LaneGroup = {
  readonly key: string;
  readonly latest: FlowJson;
  /** Dropped packets within the range. */
  readonly count: number;
  readonly lastAt: string;
  readonly lastSeq: number;
};

export type LaneTotal = { readonly groups: number; readonly count: number };

/** What the store counted. */
export type StoredGroups = {
  readonly groups: readonly DropGroupJson[];
  /** Those that it did not tell one by one. */
  readonly others: LaneTotal;
};

/** What the stream had counted at one of its sequence numbers. */
export type LaneMark = {
  /** `undefined`: there is no stream, and the store counts all it has. */
  readonly head: number | undefined;
  readonly counts: ReadonlyMap<string, number>;
};

/** Key under which the stream folds what exceeds its number of groups. */
const OTHER = 'other';

/**
 * Drop groups of the range. The store counts up to a sequence number of the stream; what the stream counted
 * after it is added. So nothing counts twice, and each answer of the store lets old drops leave the range.
 */
export class DropLane {
  #head: number | undefined;
  #stored = new Map<string, DropGroupJson>();
  #others: LaneTotal = { groups: 0, count: 0 };
  #counted: ReadonlyMap<string, number> = new Map();
  readonly #streamed = new Map<string, DropGroupJson>();

  /** `head`: the newest sequence number before the stream began. */
  constructor(head?: number) {
    this.#head = head;
  }

  /** Takes the stream's groups, whose counts run since it began and are complete up to `head`. */
  addStreamed(groups: readonly DropGroupJson[], head: number): void {
    for (const group of groups) this.#streamed.set(group.key, group);
    this.#head = head;
  }

  /** Take it when the store is asked, ask up to its `head`, and give it back with the answer. */
  mark(): LaneMark {
    return {
      head: this.#head,
      counts: new Map([...this.#streamed].map(([key, { count }]) => [key, count])),
    };
  }

  setStored({ groups, others }: StoredGroups, mark: LaneMark): void {
    this.#stored = new Map(groups.map((group) => [group.key, group]));
    this.#others = others;
    this.#counted = mark.counts;
  }

  /** Newest first. */
  groups(): readonly LaneGroup[] {
    const fresh = this.#fresh().filter(({ key }) => key !== OTHER && !this.#stored.has(key));
    return [...this.#stored.values(), ...fresh]
      .map((group) => this.#row(group))
      .sort((a, b) => b.lastSeq - a.lastSeq);
  }

  /** Exact count of the range, groups without a row included. */
  total(): LaneTotal {
    const fresh = this.#fresh();
    const stored = [...this.#stored.values(), this.#others, ...fresh];
    const unknown = fresh.filter(({ key }) => !this.#stored.has(key));
    return {
      groups: this.#stored.size + this.#others.groups + unknown.length,
      count: stored.reduce((sum, { count }) => sum + count, 0),
    };
  }

  /** Some row may lack drops that the store counted without telling their group. Asking again helps. */
  get incomplete(): boolean {
    return this.#fresh().some(
      ({ key }) => key === OTHER || (this.#others.groups > 0 && !this.#stored.has(key)),
    );
  }

  #row({ key, latest, count, lastAt, lastSeq }: DropGroupJson): LaneGroup {
    const since = this.#since(key);
    if (!this.#stored.has(key) || since === undefined) {
      return { key, latest, count, lastAt, lastSeq };
    }
    const later = since.latest.seq > latest.seq;
    return {
      key,
      latest: later ? representative(latest, since.latest) : latest,
      count: count + since.count,
      lastAt: since.lastAt > lastAt ? since.lastAt : lastAt,
      lastSeq: Math.max(lastSeq, since.lastSeq),
    };
  }

  /** What the stream counted after the store did; a packet's second record changes a group by 0. */
  #fresh(): readonly DropGroupJson[] {
    return [...this.#streamed.keys()].flatMap((key) => this.#since(key) ?? []);
  }

  #since(key: string): DropGroupJson | undefined {
    const group = this.#streamed.get(key);
    const count = (group?.count ?? 0) - (this.#counted.get(key) ?? 0);
    return group === undefined || count === 0 ? undefined : { ...group, count };
  }
}

export type LaneOrder = 'newest' | 'count';

export function sortGroups(groups: readonly LaneGroup[], by: LaneOrder): readonly LaneGroup[] {
  return groups.toSorted((a, b) => (by === 'count' && b.count - a.count) || b.lastSeq - a.lastSeq);
}

/** The groups in the order of `keys`; those that are not among them apart, as they came. */
export function arrange(
  groups: readonly LaneGroup[],
  keys: readonly string[],
): { readonly known: readonly LaneGroup[]; readonly fresh: readonly LaneGroup[] } {
  const place = new Map(keys.map((key, index) => [key, index]));
  return {
    known: groups
      .filter(({ key }) => place.has(key))
      .sort((a, b) => (place.get(a.key) ?? 0) - (place.get(b.key) ?? 0)),
    fresh: groups.filter(({ key }) => !place.has(key)),
  };
}
