import type { Flow, FlowBatch, StoredFlow } from '../../server/core/flow.ts';
import { hitCounts } from '../../server/core/hit-counts.ts';
import type { FlowStore } from '../../server/store/flow-store.ts';
import type { VerdictKind } from '../../server/core/verdict.ts';
import type { Expression } from '../../server/query/ast.ts';
import { checkStore } from '../../server/store/sqlite/check.ts';
import { openForReading } from '../../server/store/sqlite/database.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { ALL_TIME } from '../support/flow-stores.ts';
import { openFile, sealFaults } from './seals-in.ts';
import { MAX_UNMARKED, receivedAt, type SeededSource } from './seeded-source.ts';

/** A store that merges after a few batches, so that merges are killed as often as commits. */
export const SMALL = { blockRows: 60, fanIn: 3 } as const;

export type Expectations = {
  readonly sources: readonly SeededSource[];
  /** Flows of earlier batches may have been deleted, oldest first. */
  readonly prunedBefore: number;
  /** Everything must be there, as against all that was handed over up to the stored checkpoints. */
  readonly complete: boolean;
  /** What others could read before, as `sealsIn` tells it. */
  readonly seals: readonly string[];
};

/** What is wrong with a store, a sentence each; nothing where it is as it should be. */
export async function faultsOf(directory: string, expected: Expectations): Promise<string[]> {
  const faults: string[] = [];
  await using store = await openSqliteStore({ directory, ...SMALL });
  const page = await store.page({ where: undefined }, { limit: 1_000_000, order: 'oldest' });
  // What was denied outlives the blocks of all flows.
  const ranges = rangesOf(directory, 'blocks');
  const isKept = (flow: StoredFlow): boolean => ranges.some((range) => isInside(flow, range));
  const kept = page.flows.filter(isKept);
  faults.push(...fileFaults(directory, store.head(), kept, expected.prunedBefore > 0));
  if (page.flows.some((flow) => flow.verdict.kind === 'allowed' && !isKept(flow))) {
    faults.push('an allowed flow is found outside all blocks');
  }
  const told: Flow[] = [];
  for (const source of expected.sources) {
    const stored = kept.filter(({ origin }) => origin === source.name);
    const batches = await storedBatches(store, source, expected, faults);
    told.push(...batches.flatMap(({ flows }) => flows));
    faults.push(...flowFaults(source.name, batches, stored, expected.prunedBefore));
    faults.push(...(await originFaults(store, source, batches)));
  }
  if (expected.prunedBefore === 0) faults.push(...(await rollupFaults(store, told)));
  faults.push(...(await queryFaults(store, page.flows)));
  faults.push(...sealFaults(directory, expected.seals));
  faults.push(...(await doctorFaults(directory)));
  faults.push(...(await recordFaults(store, page.flows, told)));
  return faults;
}

/** The batches that the store must hold, by its checkpoint and by its own count of the source's flows. */
async function storedBatches(
  store: FlowStore,
  { name, batches }: SeededSource,
  { complete }: Expectations,
  faults: string[],
): Promise<readonly FlowBatch[]> {
  const checkpoint = Number((await store.loadCheckpoint(name)) ?? 0);
  if (complete && checkpoint !== batches.length) {
    faults.push(`${name}: ended at checkpoint ${checkpoint} of ${batches.length}`);
  }
  const total = (await store.origins()).find(({ origin }) => origin === name)?.flows ?? 0;
  // What carries no checkpoint may be stored beyond it, as whole batches.
  for (let ahead = 0; ahead <= MAX_UNMARKED; ahead += 1) {
    const candidate = batches.slice(0, checkpoint + ahead);
    if (ahead > 0 && candidate.at(-1)?.checkpoint !== undefined) break;
    if (sum(candidate.map(({ flows }) => flows.length)) === total) return candidate;
  }
  faults.push(
    `${name}: ${total} flows are counted, which no checkpoint near ${checkpoint} explains`,
  );
  return batches.slice(0, checkpoint);
}

function flowFaults(
  name: string,
  batches: readonly FlowBatch[],
  stored: readonly StoredFlow[],
  prunedBefore: number,
): string[] {
  const limit = receivedAt(prunedBefore);
  let next = 0;
  let gone = 0;
  for (const flow of batches.flatMap(({ flows }) => flows)) {
    if (stored[next]?.id === flow.id) next += 1;
    else if (flow.receivedAt >= limit) gone += 1;
  }
  const faults: string[] = [];
  if (gone > 0) faults.push(`${name}: ${gone} flows are missing`);
  const odd = stored.length - next;
  if (odd > 0) faults.push(`${name}: ${odd} flows are stored that nobody told, or twice`);
  return faults;
}

async function originFaults(
  store: FlowStore,
  { name, mode }: SeededSource,
  batches: readonly FlowBatch[],
): Promise<string[]> {
  const record = (await store.origins()).find(({ origin }) => origin === name);
  if (record === undefined) return batches.length === 0 ? [] : [`${name}: nothing is known of it`];
  const faults: string[] = [];
  const verdicts = countBy(
    batches.flatMap(({ flows }) => flows.map(({ verdict }) => verdict.kind)),
  );
  for (const [kind, count] of Object.entries(record.byVerdict)) {
    if (count !== (verdicts.get(kind) ?? 0)) faults.push(`${name}: ${count} ${kind} are counted`);
  }
  const gaps = batches.flatMap((batch) => batch.gaps);
  const lost = gaps.reduce((total, { count }) => total + (count ?? 0n), 0n);
  if (record.lost !== lost) faults.push(`${name}: ${record.lost} are lost, ${lost} were told`);
  const rejected = sum(batches.flatMap((batch) => batch.rejected.map(({ count }) => count)));
  // A stream that tells again rejects again: nobody can know such a record by its content.
  if (mode === 'file' && sum(record.rejected.map(({ count }) => count)) !== rejected) {
    faults.push(`${name}: rejections are not the ${rejected} that were told`);
  }
  return faults;
}

type Range = { readonly first_seq: number; readonly last_seq: number };

const isInside = ({ seq }: StoredFlow, { first_seq, last_seq }: Range): boolean =>
  first_seq <= seq && seq <= last_seq;

function rangesOf(directory: string, table: 'blocks' | 'raw_chunks'): readonly Range[] {
  using opened = openFile(directory);
  return opened.db
    .prepare<[], Range>(`SELECT first_seq, last_seq FROM ${table} ORDER BY first_seq`)
    .all();
}

/** The file by itself: sound, no hole but where flows were deleted, no overlap, and headers that count what is in their blocks. */
function fileFaults(
  directory: string,
  head: number,
  flows: readonly StoredFlow[],
  isPruned: boolean,
): string[] {
  const faults: string[] = [];
  using opened = openFile(directory);
  const { db } = opened;
  for (const table of ['blocks', 'raw_chunks'] as const) {
    let last = 0;
    let rows = 0;
    for (const range of rangesOf(directory, table)) {
      const isNext = range.first_seq === last + 1;
      if (isPruned ? range.first_seq <= last : !isNext)
        faults.push(`${table}: wrong after ${last}`);
      last = range.last_seq;
      rows += range.last_seq - range.first_seq + 1;
    }
    if (last !== head && !isPruned) faults.push(`${table}: end at ${last}, the head is ${head}`);
    if (rows !== flows.length) faults.push(`${table}: ${rows} rows for ${flows.length} flows`);
  }
  const counted = countBy(flows.map(({ verdict }) => verdict.kind));
  const kinds: readonly VerdictKind[] = ['allowed', 'dropped', 'audit', 'error', 'unknown'];
  for (const kind of kinds) {
    const total = db.prepare<[], number | null>(`SELECT sum(${kind}) FROM blocks`).pluck().get();
    if ((total ?? 0) !== (counted.get(kind) ?? 0)) faults.push(`headers count ${total} ${kind}`);
  }
  return faults;
}

async function rollupFaults(store: FlowStore, told: readonly Flow[]): Promise<string[]> {
  const counted = new Map<string, number>();
  for (const { hit, kind, count } of told.flatMap((flow) => hitCounts(flow))) {
    const key = `${hit.policy.name} ${kind}`;
    counted.set(key, (counted.get(key) ?? 0) + count);
  }
  const rows = await store.policyHits({ within: ALL_TIME, buckets: 1 });
  const stored = rows.flatMap(({ policy, totals }) =>
    Object.entries(totals).flatMap(([kind, count]) =>
      count === 0 ? [] : [`${policy.name} ${kind} ${count}`],
    ),
  );
  const expected = [...counted].map(([key, count]) => `${key} ${count}`);
  return stored.toSorted().join() === expected.toSorted().join()
    ? []
    : [`the roll-up says ${stored.join()}, a recount ${expected.join()}`];
}

/** What `dropwise doctor` finds: structure, blocks, the set of drops, the hash chain. */
async function doctorFaults(directory: string): Promise<string[]> {
  using opened = openForReading(directory);
  const checks = await checkStore(opened.db, { quick: false, progress: () => undefined });
  return checks.flatMap(({ name, faults, damaged }) => [
    ...faults.map((fault) => `doctor, ${name}: ${fault}`),
    ...damaged.map(({ set, firstSeq, why }) => `doctor, ${name}: ${set} ${firstSeq}: ${why}`),
  ]);
}

const DROPPED: Expression = {
  kind: 'field',
  side: undefined,
  field: 'verdict',
  values: [{ kind: 'word', text: 'dropped', quoted: false }],
};

/** Whatever index or set a query goes through, it finds what a walk over all flows finds. */
async function queryFaults(store: FlowStore, flows: readonly StoredFlow[]): Promise<string[]> {
  const drops = flows.filter(({ verdict }) => verdict.kind === 'dropped').map(({ seq }) => seq);
  const where = { where: DROPPED, within: ALL_TIME };
  const page = await store.page(where, { limit: 1_000_000, order: 'oldest' });
  const found = page.flows.map(({ seq }) => seq);
  const summary = await store.summarize({ ...where, by: [], buckets: 1, top: 1 });
  const faults: string[] = [];
  if (found.join() !== drops.join())
    faults.push(`${found.length} of ${drops.length} drops are found`);
  if ((summary.rows[0]?.records ?? 0) !== drops.length) faults.push('drops are counted wrong');
  return faults;
}

async function recordFaults(
  store: FlowStore,
  flows: readonly StoredFlow[],
  told: readonly Flow[],
): Promise<string[]> {
  const records = new Map(told.map(({ id, raw }) => [id, Buffer.from(raw.bytes).toString('utf8')]));
  const faults: string[] = [];
  for (const at of new Set([0, flows.length >> 1, flows.length - 1])) {
    const flow = flows[at];
    if (flow === undefined) continue;
    const found = await store.find(flow.seq);
    const text = found && Buffer.from(found.raw.bytes).toString('utf8');
    if (text !== records.get(flow.id)) faults.push(`the record of ${flow.seq} is ${String(text)}`);
  }
  return faults;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

function countBy(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
