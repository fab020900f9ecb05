import type { DropState } from '../core/drop-state.ts';
import type { Harm } from '../core/harm.ts';
import type { FlowJson } from './flow-json.ts';

export type DropGroupJson = {
  /** Fingerprint: both ends' workloads, port, protocol, direction, reason, policy. */
  readonly key: string;
  /**
   * Dropped packets: the verdict and the drop event of one packet count once, an aggregate by its events. In a
   * `groups` frame those since the subscription began.
   */
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
  /** Sequence number of the record committed last. */
  readonly lastSeq: number;
  /** The latest record that says the most: of those with and without their policy, the latest with one. */
  readonly latest: FlowJson;
};

/** A drop group as the store knows it; counts and `series` are of the range, the state is of now (docs/drops.md). */
export type CountedDropGroupJson = DropGroupJson & {
  /** Counts per bucket of the range. */
  readonly series: readonly number[];
  readonly state: DropState;
  /** Over all drops that are kept; null while they are still being read. */
  readonly firstSeenAt: string | null;
  /** The mark that holds now. */
  readonly mark: DropMarkJson | null;
  /** Whether somebody is hurt by it (docs/drops.md); null while the flows around it are still to be looked at. */
  readonly harm: Harm | null;
};

export type DropMarkJson = {
  readonly acknowledgedAt: string;
  /** null: it stays. */
  readonly until: string | null;
  readonly note: string;
  /** Empty while nobody signs in. */
  readonly who: string;
};

export type SavedViewJson = {
  readonly id: string;
  readonly name: string;
  /** Canonical text. */
  readonly query: string;
  readonly t: string;
  /** Empty: the screen's own. */
  readonly cols: readonly string[];
  readonly sort: string;
  readonly shared: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
};
