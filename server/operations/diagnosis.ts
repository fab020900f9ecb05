import type { StoreCheck } from '../store/sqlite/check.ts';
import type { DamagedBlock } from '../store/sqlite/check-ranges.ts';

export type Finding = {
  readonly check: StoreCheck['name'] | FileCheckName;
  /** A `warning` is for whoever looks after the machine; the store is sound. */
  readonly state: 'ok' | 'warning' | 'damaged';
  readonly detail: string;
  readonly damaged: readonly DamagedBlock[];
};

export type FileCheckName = 'sqlite' | 'files' | 'permissions' | 'space';

export type Diagnosis = {
  readonly directory: string;
  readonly sound: boolean;
  readonly findings: readonly Finding[];
};
