import { readEvaluated } from '../store/control/read-evaluated.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { FlowReader } from '../store/flow-store.ts';
import { openHistoryInventory, type HistoryInventory } from './history-inventory.ts';
import { createPolicyDesk, type PolicyDesk } from './policies/policies.ts';
import { createEngines, type Engines } from './why/engine-at.ts';
import { createSourceFiles, type SourceFiles } from './why/source-places.ts';

/** How far long work has come. */
export type Progress = { readonly done: number; readonly total: number };

/** What analyses work with, and what they remember from one question to the next. */
export type AnalysisDesk = {
  readonly reader: FlowReader;
  readonly inventory: HistoryInventory;
  readonly engines: Engines;
  readonly policies: PolicyDesk;
  readonly files: SourceFiles;
};

/** Much of the memory of this process is policies; blocks that are read again and again are fewer than a reader's. */
const CACHE_BYTES = 32 * 1024 * 1024;

/** Opens all that a data directory has, beside the process that writes it. */
export async function openAnalysisDesk(directory: string): Promise<AnalysisDesk> {
  const reader = await openSqliteStore({ directory, readOnly: true, cacheBytes: CACHE_BYTES });
  const inventory = openHistoryInventory(directory);
  return {
    reader,
    inventory,
    engines: createEngines(),
    files: createSourceFiles(),
    policies: createPolicyDesk({ reader, inventory, evaluated: readEvaluated(directory) }),
  };
}
