import type { RecordedFlow, StoredFlow } from '../../core/flow.ts';
import type { FlowPage, FlowQuery, PageRequest } from '../flow-store.ts';
import { flowAt } from './block-set.ts';
import type { Catalog } from './catalog.ts';
import { walkSteps, type Matches, type Step } from './walk.ts';

/** One page. Unless its time is over it reads on until it knows whether there is a next one. */
export async function readPage(
  catalog: Catalog,
  query: FlowQuery,
  { limit, after, order, workMs = Infinity, signal }: PageRequest,
): Promise<FlowPage> {
  const until = performance.now() + workMs;
  const head = Math.min(catalog.head(), query.asOf ?? Infinity);
  const flows: StoredFlow[] = [];
  for await (const step of walkSteps(catalog, { ...query, asOf: head }, { order, after, signal })) {
    const { matches } = step;
    if (matches !== undefined) {
      const rows = matchingRows(matches, order, limit + 1 - flows.length);
      flows.push(...rows.map((row) => flowAt(matches.opened, row)));
    }
    if (flows.length > limit) break;
    if (performance.now() >= until) return { flows, head, ...restOf(step, order) };
  }
  const page = flows.slice(0, limit);
  return {
    flows: page,
    next: flows.length > limit ? page.at(-1)?.seq : undefined,
    head,
    searching: undefined,
  };
}

/** What is left of a search whose time is over. */
function restOf(
  { header, reached, left }: Step,
  order: PageRequest['order'],
): Pick<FlowPage, 'next' | 'searching'> {
  const flows = left();
  if (flows === 0) return { next: undefined, searching: undefined };
  const at = order === 'oldest' ? header.maxObserved : header.minObserved;
  return { next: reached, searching: { left: flows, at } };
}

/** The first `limit` rows of a block that match, in the order asked for. */
function matchingRows(
  { from, to, rows }: Matches,
  order: PageRequest['order'],
  limit: number,
): number[] {
  const found: number[] = [];
  const step = order === 'oldest' ? 1 : -1;
  let row = order === 'oldest' ? from : to - 1;
  while (row >= from && row < to && found.length < limit) {
    if (rows === undefined || rows[row] === 1) found.push(row);
    row += step;
  }
  return found;
}

/** Bytes of records after which a page ends, so that no answer is much larger, whatever a sender wrote. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;

/** One page with the records. */
export async function readRecords(
  catalog: Catalog,
  query: FlowQuery,
  request: PageRequest,
): Promise<FlowPage<RecordedFlow>> {
  const page = await readPage(catalog, query, request);
  const rawOf = catalog.rawReader();
  const flows: RecordedFlow[] = [];
  let bytes = 0;
  for (const flow of page.flows) {
    if (bytes > MAX_RECORD_BYTES) {
      return { ...page, flows, next: flows.at(-1)?.seq, searching: undefined };
    }
    const raw = rawOf(flow.seq);
    if (raw === undefined) continue;
    bytes += raw.bytes.length;
    flows.push({ ...flow, raw });
  }
  return { ...page, flows };
}

/** A flow with its record. */
export function findRecorded(catalog: Catalog, seq: number): RecordedFlow | undefined {
  const flow = findFlow(catalog, seq);
  const raw = catalog.raw(seq);
  return flow === undefined || raw === undefined ? undefined : { ...flow, raw };
}

export function findFlow(catalog: Catalog, seq: number): StoredFlow | undefined {
  for (const set of [catalog.all, catalog.drops]) {
    const opened = set.openAt(seq);
    const row = opened?.rowFrom(seq);
    if (opened === undefined || row === undefined || row === opened.block.rows) continue;
    if (opened.seqAt(row) === seq) return flowAt(opened, row);
  }
  return undefined;
}
