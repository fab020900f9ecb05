import { findFile } from './log-files.ts';
import type { Folders } from './tail-folders.ts';
import type { TailPool } from './tail-pool.ts';
import {
  createPaceMeter,
  observeRotation,
  rotationLossMs,
  type Rotation,
} from './tail-rotation.ts';
import type { Scanner } from './tail-scan.ts';
import type { TailEntry, TailTable } from './tail-table.ts';

/** How it stands with all files of a source. */
export type TailState = {
  readonly files: number;
  /** Files that cannot be read now, and the reasons of the first few. */
  readonly waiting: number;
  readonly waitingFor: readonly string[];
  /** Matches that are no log file, and the reasons of the first few. */
  readonly ignored: number;
  readonly ignoredFor: readonly string[];
  readonly bytesBehind: number;
  /** Milliseconds until unread content is rotated away at the present rates; absent where reading keeps up. */
  readonly rotationLossMs: number | undefined;
};

/** Reasons that are told; the rest is a number. */
const REASONS = 3;
const LOSS_EVERY_MS = 1_000;

type ReporterOptions = {
  readonly table: TailTable;
  readonly pool: TailPool;
  readonly folders: Folders;
  readonly scanner: Scanner | undefined;
  readonly rotation: Rotation;
  readonly everyMs: number;
  readonly onState: (state: TailState) => void;
};

/** Reports each time that it is called, but not more often than makes sense. */
export function createTailReporter(options: ReporterOptions): () => Promise<void> {
  let [reportAtMs, lossAtMs] = [0, 0];
  let loss: number | undefined;
  return async () => {
    const nowMs = performance.now();
    if (nowMs < reportAtMs) return;
    if (nowMs >= lossAtMs) {
      lossAtMs = nowMs + LOSS_EVERY_MS;
      loss = await soonestLoss(options);
    }
    const state = stateOf(options, loss);
    // To look through very many files costs something too.
    reportAtMs = nowMs + options.everyMs + state.files / 100;
    options.onState(state);
  };
}

function stateOf({ table, scanner }: ReporterOptions, loss: number | undefined): TailState {
  const waitingFor: string[] = [];
  let [waiting, bytesBehind] = [0, 0];
  for (const entry of table.entries.values()) {
    bytesBehind += entry.tail.unread;
    if (entry.waitingFor === undefined) continue;
    waiting += 1;
    if (waitingFor.length < REASONS) waitingFor.push(entry.waitingFor);
  }
  const ignored = scanner?.ignored();
  return {
    files: table.entries.size,
    waiting,
    waitingFor,
    ignored: ignored?.size ?? 0,
    ignoredFor: [...(ignored?.values() ?? [])].slice(0, REASONS).map(({ reason }) => reason),
    bytesBehind,
    rotationLossMs: loss,
  };
}

async function soonestLoss({
  pool,
  folders,
  rotation,
}: ReporterOptions): Promise<number | undefined> {
  const losses: number[] = [];
  for (const entry of pool.open()) {
    const loss = await lossOf(entry, folders, rotation);
    if (loss !== undefined) losses.push(loss);
  }
  return losses.length === 0 ? undefined : Math.min(...losses);
}

async function lossOf(
  entry: TailEntry,
  folders: Folders,
  usual: Rotation,
): Promise<number | undefined> {
  const { unread } = entry.tail;
  if (unread === 0) {
    entry.pace = undefined;
    return undefined;
  }
  entry.pace ??= createPaceMeter();
  entry.pace.note({ atMs: performance.now(), consumed: entry.consumed, unread });
  const pace = entry.pace.pace();
  if (pace === undefined || pace.written <= pace.read) return undefined;
  const live = await findFile(entry.path);
  if (!live.ok) return undefined;
  const rotation = await observeRotation(entry.path, folders, usual).catch((error: unknown) => {
    // A folder that cannot be listed: its files can be read all the same.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return usual;
  });
  return rotationLossMs(pace, live.file.size, rotation);
}
