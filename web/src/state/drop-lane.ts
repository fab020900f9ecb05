import { createDropGrouper, representative, type Drop } from '../../../server/core/drop-groups.ts';
import { nanos, parseTime } from '../../../server/core/time.ts';
import type { DropGroupJson, FlowJson } from '../../../server/http/contract.ts';

/** Drops that share a fingerprint: those that the store had, plus those that the stream counts. */
export type LaneGroup = {
  readonly key: string;
  readonly latest: FlowJson;
  readonly count: number;
  /** The store held more drops than the page read, so that the true count may be higher. */
  readonly atLeast: boolean;
};

type Entry = {
  latest: FlowJson;
  stored: number;
  streamed: number;
  atLeast: boolean;
};

/** Groups of drops within the view's range. Counts of a group only grow while it lasts. */
export class DropLane {
  readonly #entries = new Map<string, Entry>();

  /** Counts drops of the store, observed before the subscription began. */
  addStored(drops: readonly FlowJson[], truncated: boolean): void {
    // The stream's own grouping, from the same function, so that both meet under one key.
    const grouper = createDropGrouper();
    for (const flow of drops.toSorted((a, b) => a.seq - b.seq)) {
      const entry = this.#entry(grouper.keyOf(dropOf(flow)), flow);
      entry.stored += 1;
    }
    if (truncated) for (const entry of this.#entries.values()) entry.atLeast = true;
  }

  /** Takes the stream's groups, whose counts run since the subscription began. */
  addStreamed(groups: readonly DropGroupJson[]): void {
    for (const group of groups) {
      this.#entry(group.key, group.latest).streamed = group.count;
    }
  }

  /** Forgets groups whose newest drop lies before the range. */
  expire(before: number): void {
    for (const [key, entry] of this.#entries)
      if (Date.parse(entry.latest.observedAt) < before) this.#entries.delete(key);
  }

  /** Newest first. */
  groups(): readonly LaneGroup[] {
    return [...this.#entries]
      .map(([key, { latest, stored, atLeast, streamed }]) => ({
        key,
        latest,
        atLeast,
        count: stored + streamed,
      }))
      .sort((a, b) => b.latest.seq - a.latest.seq);
  }

  #entry(key: string, flow: FlowJson): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { latest: flow, stored: 0, streamed: 0, atLeast: false };
      this.#entries.set(key, entry);
    } else if (flow.seq > entry.latest.seq) {
      entry.latest = representative(entry.latest, flow);
    }
    return entry;
  }
}

function dropOf(flow: FlowJson): Drop {
  return {
    ...flow,
    observedAt: parseTime(flow.observedAt) ?? nanos(0n),
    reason: flow.reason?.code ?? '',
  };
}

/** Keeps the order that was shown, with new groups on top: what a person points at must not move. */
export function keepOrder(
  shown: readonly LaneGroup[],
  next: readonly LaneGroup[],
): readonly LaneGroup[] {
  const place = new Map(shown.map((group, index) => [group.key, index]));
  return [...next].sort((a, b) => (place.get(a.key) ?? -1) - (place.get(b.key) ?? -1));
}
