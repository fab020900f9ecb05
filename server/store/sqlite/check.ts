import Database from 'better-sqlite3';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { integrityFaults } from './backup.ts';
import type { BlockHeader } from './block-set.ts';
import { TABLES, type SetName } from './set-tables.ts';
import { loadCatalog, type CatalogView } from './catalog.ts';
import { blockFault } from './check-block.ts';
import {
  missingFlows,
  overlaps,
  readChunks,
  recordFaults,
  type ChunkSpan,
  type DamagedBlock,
} from './check-ranges.ts';
import type { Connection } from './database.ts';
import { openRaw } from './raw.ts';
import { verifyChain } from './verify-chain.ts';

export type StoreCheck = {
  readonly name: 'structure' | 'sequence' | 'records' | 'blocks' | 'chain';
  /** What was looked at, or what SQLite says. */
  readonly detail: string;
  readonly faults: readonly string[];
  readonly damaged: readonly DamagedBlock[];
};

export type CheckOptions = {
  /** Leaves out what is inside blocks and records. */
  readonly quick: boolean;
  /** Told of blocks and chunks that were read, and of all there are. */
  readonly progress: (done: number, total: number) => void;
};

const SETS: readonly SetName[] = ['all', 'drops'];

type Parts = { readonly db: Connection; readonly view: CatalogView; readonly chunks: Chunks };
type Chunks = Readonly<Record<SetName, readonly ChunkSpan[]>>;

/**
 * Checks a store from its file's structure to the contents of every block, beside a server that goes on writing.
 * What SQLite finds broken ends the checks that need it; the others are made.
 */
export async function checkStore(
  db: Connection,
  { quick, progress }: CheckOptions,
): Promise<readonly StoreCheck[]> {
  const pragma = quick ? 'quick_check' : 'integrity_check';
  const faults = integrityFaults(db, pragma);
  const checks: StoreCheck[] = [{ name: 'structure', detail: pragma, faults, damaged: [] }];
  try {
    const parts = readParts(db);
    checks.push(checkSequence(parts), checkRecordSpans(parts));
    if (!quick) {
      const total = SETS.reduce(
        (sum, set) => sum + parts.view[set].length + parts.chunks[set].length,
        0,
      );
      let done = 0;
      checks.push(
        await checkBlocks(parts, () => progress((done += 1), total)),
        await checkChain(db),
      );
    }
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    const broken = `${error.message} (${error.code}); not everything could be looked at`;
    checks.push({ name: 'blocks', detail: '', faults: [broken], damaged: [] });
  }
  return checks;
}

/** The lists of blocks and of their records as of one moment. */
function readParts(db: Connection): Parts {
  return db.transaction((): Parts => {
    const catalog = loadCatalog({ db, cacheBytes: 0, shared: false, blockRows: Infinity });
    const chunks = { all: readChunks(db, 'all'), drops: readChunks(db, 'drops') };
    return { db, view: catalog.view(), chunks };
  })();
}

function checkSequence({ db, view }: Parts): StoreCheck {
  const damaged = [
    ...SETS.flatMap((set) => overlaps(set, view[set])),
    ...missingFlows(db, view.all),
  ];
  return { name: 'sequence', detail: `flows 1 to ${view.head}`, faults: [], damaged };
}

function checkRecordSpans({ view, chunks }: Parts): StoreCheck {
  const damaged = SETS.flatMap((set) => recordFaults(set, view[set], chunks[set]));
  const count = chunks.all.length + chunks.drops.length;
  return { name: 'records', detail: `${count} chunks`, faults: [], damaged };
}

async function checkBlocks({ db, view, chunks }: Parts, step: () => void): Promise<StoreCheck> {
  const damaged: DamagedBlock[] = [];
  let read = 0;
  for (const set of SETS) {
    const tables = TABLES[set];
    const selectBlock = db.prepare<[number, number], Buffer>(
      `SELECT columns FROM ${tables.blocks} WHERE first_seq = ? AND last_seq = ?`,
    );
    const selectFrame = db.prepare<[number, number], Buffer>(
      `SELECT frame FROM ${tables.chunks} WHERE first_seq = ? AND last_seq = ?`,
    );
    const each = async <T extends BlockHeader | ChunkSpan>(
      spans: readonly T[],
      select: typeof selectBlock,
      faultOf: (span: T, bytes: Buffer) => string | undefined,
    ): Promise<void> => {
      for (const span of spans) {
        const { firstSeq, lastSeq } = span;
        // What a running server merged or removed meanwhile is not there; what it became is newer than the list.
        const why = attempt(() => {
          const bytes = select.pluck().get(firstSeq, lastSeq);
          return bytes === undefined ? undefined : faultOf(span, bytes);
        });
        if (why !== undefined) damaged.push({ set, firstSeq, lastSeq, why });
        read += 1;
        step();
        await nextTurn();
      }
    };
    await each(view[set], selectBlock, (header, bytes) => blockFault(set, header, bytes));
    await each(chunks[set], selectFrame, frameFault);
  }
  return { name: 'blocks', detail: `${read} blocks and chunks decoded`, faults: [], damaged };
}

/** Opens every record of a chunk. */
function frameFault({ rows }: ChunkSpan, frame: Buffer): string | undefined {
  const record = openRaw(frame);
  for (let row = 0; row < rows; row++) record(row);
  const beyond = attempt(() => {
    record(rows);
    return undefined;
  });
  return beyond === undefined ? `its records are more than ${rows}` : undefined;
}

/** What went wrong, if anything did. */
function attempt(run: () => string | undefined): string | undefined {
  try {
    return run() ?? undefined;
  } catch (error) {
    return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function checkChain(db: Connection): Promise<StoreCheck> {
  const reports = await verifyChain(db);
  const seals = reports.reduce((sum, report) => sum + report.seals, 0);
  return {
    name: 'chain',
    detail: `${seals} seals; newest ${reports.map(({ set, head }) => `${set} ${head}`).join(', ')}`,
    faults: [],
    damaged: reports.flatMap(({ failure }) => failure ?? []),
  };
}
