import type { DropGroupJson, FlowJson } from '../../../server/http/contract.ts';
import { dropFingerprint } from '../words/flow.ts';

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
  atLeast: boolean;
  /** By the server's own key, since it may tell apart what reads the same here. */
  readonly streamed: Map<string, number>;
};

/** Groups of drops within the view's range. Counts of a group only grow while it lasts. */
export class DropLane {
  readonly #entries = new Map<string, Entry>();

  /** Counts drops of the store, observed before the subscription began. */
  addStored(drops: readonly FlowJson[], truncated: boolean): void {
    for (const flow of drops) {
      const entry = this.#entry(flow);
      entry.stored += 1;
      if (flow.seq > entry.latest.seq) entry.latest = flow;
    }
    if (truncated) for (const entry of this.#entries.values()) entry.atLeast = true;
  }

  /** Takes the stream's groups, whose counts run since the subscription began. */
  addStreamed(groups: readonly DropGroupJson[]): void {
    for (const group of groups) {
      const entry = this.#entry(group.latest);
      entry.streamed.set(group.key, group.count);
      if (group.latest.seq > entry.latest.seq) entry.latest = group.latest;
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
        count: [...streamed.values()].reduce((sum, count) => sum + count, stored),
      }))
      .sort((a, b) => b.latest.seq - a.latest.seq);
  }

  #entry(flow: FlowJson): Entry {
    const key = dropFingerprint(flow);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { latest: flow, stored: 0, atLeast: false, streamed: new Map() };
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

/** Keeps the order that was shown, with new groups on top: what a person points at must not move. */
export function keepOrder(
  shown: readonly LaneGroup[],
  next: readonly LaneGroup[],
): readonly LaneGroup[] {
  const place = new Map(shown.map((group, index) => [group.key, index]));
  return [...next].sort((a, b) => (place.get(a.key) ?? -1) - (place.get(b.key) ?? -1));
}
