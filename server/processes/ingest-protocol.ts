import type { CommittedBlock } from '../columns/block.ts';
import type { Gap } from '../core/flow.ts';
import type { LogLevel } from '../lib/log.ts';
import type { SourceStatus } from '../operations/ingest.ts';
import type { NamedSource } from '../operations/name-sources.ts';
import type { StorePause } from '../operations/store-pause.ts';
import type { KeepSettings } from '../operations/prune.ts';
import type { StoreStatus } from '../store/flow-store.ts';
import type { SentError } from './sent-error.ts';

/** What the thread is started with. */
export type IngestTask = {
  readonly directory: string;
  readonly sources: readonly NamedSource[];
  readonly keep: KeepSettings;
  /** Bytes that stay free on the disk of the store: below, nothing more is stored. */
  readonly minFreeBytes: number;
  readonly logLevel: LogLevel;
};

export type ToIngest =
  | { readonly kind: 'check'; readonly id: number }
  /** Answers `committed`. */
  | { readonly kind: 'taken'; readonly bytes: number }
  | { readonly kind: 'stop' };

export type FromIngest =
  /** The store is open and the sources run. `head` is the newest flow that was there before. */
  | { readonly kind: 'ready'; readonly head: number }
  /** Nothing runs. */
  | { readonly kind: 'refused'; readonly error: SentError }
  | {
      readonly kind: 'committed';
      /** Newest flow after the commit. */
      readonly head: number;
      readonly blocks: readonly CommittedBlock[];
      readonly gaps: readonly Gap[];
      /** Flows that were committed and are not in `blocks`, because the main thread is far behind. */
      readonly untold: number;
      /** The store could not take them; `head` is that before. */
      readonly unstored?: true;
    }
  | {
      readonly kind: 'statuses';
      readonly statuses: readonly SourceStatus[];
      readonly store: StoreStatus;
      readonly pause: StorePause | undefined;
    }
  | { readonly kind: 'checked'; readonly id: number; readonly error: SentError | undefined };
