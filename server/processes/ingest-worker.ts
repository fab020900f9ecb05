/**
 * The thread that reads the sources and writes the store; nobody else writes it. It tells the main thread of each
 * commit once it is on disk, so a viewer never sees a flow that a reload would not find.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { encodeFlows, writeBlock } from '../columns/encoded-block.ts';
import type { Flow } from '../core/flow.ts';
import { systemClock } from '../lib/clock.ts';
import { createLogger } from '../lib/log.ts';
import { createIngest } from '../operations/ingest.ts';
import { keepLedger } from '../operations/keep-ledger.ts';
import { keepPruned } from '../operations/prune.ts';
import { createSource } from '../sources/registry.ts';
import type { Committed } from '../store/flow-store.ts';
import { spaceObjection } from '../store/sqlite/free-space.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { FromIngest, IngestTask, ToIngest } from './ingest-protocol.ts';
import { sendError } from './sent-error.ts';

const STATUS_MS = 250;
/** This thread reads blocks only while a resumed source tells again what is stored; questions go to readers. */
const CACHE_BYTES = 8 * 1024 * 1024;
const MAX_UNTAKEN_BYTES = 64 * 1024 * 1024;

if (parentPort === null) throw new Error('this module runs as a worker thread');
const port = parentPort;
const { directory, sources, keep, minFreeBytes, logLevel } = workerData as IngestTask;
const tell = (message: FromIngest): void => port.postMessage(message);

/** Bytes that the main thread was told and has not taken yet. */
let untaken = 0;

/** Tells the main thread of a commit. When that falls far behind, it gets numbers only; the store has the flows. */
function publish({ blocks, flows, firstSeq, gaps }: Committed): void {
  if (flows.length + gaps.length === 0) return;
  const head = firstSeq + flows.length - 1;
  if (untaken > MAX_UNTAKEN_BYTES) {
    tell({ kind: 'committed', blocks: [], gaps, head, untold: flows.length });
    return;
  }
  // A small buffer shares its memory with others, so it is copied; what is moved is gone from here.
  const copies = blocks.map(({ firstSeq, columns }) => ({
    firstSeq,
    columns: new Uint8Array(columns),
  }));
  for (const { columns } of copies) untaken += columns.byteLength;
  const message: FromIngest = { kind: 'committed', blocks: copies, gaps, head, untold: 0 };
  port.postMessage(
    message,
    copies.map(({ columns }) => columns.buffer),
  );
}

/** Shows flows that the store cannot take now. */
function publishUnstored(flows: readonly Flow[], head: number): void {
  if (flows.length === 0 || untaken > MAX_UNTAKEN_BYTES) return;
  const columns = new Uint8Array(writeBlock(encodeFlows(flows)));
  untaken += columns.byteLength;
  const blocks = [{ firstSeq: head, columns }];
  tell({ kind: 'committed', blocks, gaps: [], head, untold: 0, unstored: true });
}

async function run(stopped: Promise<void>): Promise<void> {
  const clock = systemClock();
  const log = createLogger(logLevel);
  await using parts = new AsyncDisposableStack();
  const store = parts.use(await openSqliteStore({ directory, cacheBytes: CACHE_BYTES }));
  const { quarantined } = store.status();
  if (quarantined !== undefined) {
    log.error(
      quarantined,
      'the store was damaged; its file is kept beside, and a new one is begun',
    );
  }
  const damaged = Promise.withResolvers<never>();
  damaged.promise.catch(() => undefined);
  parts.use(keepPruned({ store, keep, clock, log }));
  const ingest = parts.use(
    createIngest({
      store,
      publish,
      publishUnstored: ({ flows }) => publishUnstored(flows, store.head()),
      ondamage: damaged.reject,
      objection: () => spaceObjection(directory, minFreeBytes),
      clock,
      log,
    }),
  );
  parts.use(keepLedger({ store, statuses: ingest.statuses, clock, log }));
  port.on('message', (message: ToIngest) => {
    if (message.kind === 'taken') untaken -= message.bytes;
    if (message.kind !== 'check') return;
    const { id } = message;
    ingest.checkStoring().then(
      () => tell({ kind: 'checked', id, error: undefined }),
      (error: unknown) => tell({ kind: 'checked', id, error: sendError(error) }),
    );
  });
  tell({ kind: 'ready', head: store.head() });
  for (const { name, setting } of sources) {
    ingest.add((report) => createSource({ setting, name, clock, report }));
  }
  const tellStatuses = (): void =>
    tell({
      kind: 'statuses',
      statuses: ingest.statuses(),
      store: store.status(),
      pause: ingest.pause(),
    });
  tellStatuses();
  const timer = setInterval(tellStatuses, STATUS_MS);
  parts.defer(() => clearInterval(timer));
  await Promise.race([stopped, damaged.promise]);
}

const stopped = new Promise<void>((resolve) => {
  port.on('message', (message: ToIngest) => {
    if (message.kind === 'stop') resolve();
  });
});

try {
  await run(stopped);
} catch (error) {
  tell({ kind: 'refused', error: sendError(error) });
}
port.close();
