import type { DropGroupJson, FlowJson } from '../../../server/http/contract.ts';
import { DropLane, keepOrder, type LaneGroup } from './drop-lane.ts';

/** The drops lane as shown. */
export class LaneState {
  #groups = $state.raw<readonly LaneGroup[]>([]);
  #lane = new DropLane();
  #still = false;

  get groups(): readonly LaneGroup[] {
    return this.#groups;
  }

  /** Begins anew; the old groups stay on screen until the next `commit`. */
  reset(): void {
    this.#lane = new DropLane();
  }

  addStored(drops: readonly FlowJson[], truncated: boolean): void {
    this.#lane.addStored(drops, truncated);
  }

  addStreamed(groups: readonly DropGroupJson[]): void {
    this.#lane.addStreamed(groups);
  }

  /** Keeps the order while a person points at the lane, so that no group moves from under the pointer. */
  setStill(still: boolean): void {
    this.#still = still;
    if (!still) this.commit();
  }

  commit(expireBefore?: number): void {
    if (expireBefore !== undefined) this.#lane.expire(expireBefore);
    const next = this.#lane.groups();
    this.#groups = this.#still ? keepOrder(this.#groups, next) : next;
  }
}
