import type { RecordedFlow, StoredFlow } from '../../core/flow.ts';
import type { FlowPage, FlowQuery, PageRequest } from '../flow-store.ts';
import type { Catalog } from './catalog.ts';
import { walk, type Matches } from './walk.ts';

/** One page. It reads on until it knows whether there is a next one. */
export async function readPage(
  catalog: Catalog,
  query: FlowQuery,
  { limit, after, order, signal }: PageRequest,
): Promise<FlowPage> {
  const head = Math.min(catalog.head(), query.asOf ?? Infinity);
  const flows: StoredFlow[] = [];
  for await (const matches of walk(catalog, { ...query, asOf: head }, { order, after, signal })) {
    const seqs = sequenceNumbers(matches, order, limit + 1 - flows.length);
    flows.push(...catalog.flows(matches.header, matches.opened, seqs));
    if (flows.length > limit) break;
  }
  const page = flows.slice(0, limit);
  return { flows: page, next: flows.length > limit ? page.at(-1)?.seq : undefined, head };
}

/** Sequence numbers of the first `limit` matches of a block, in the order asked for. */
function sequenceNumbers(
  { header, opened, from, to, rows }: Matches,
  order: PageRequest['order'],
  limit: number,
): number[] {
  const seqs: number[] = [];
  const step = order === 'oldest' ? 1 : -1;
  let row = order === 'oldest' ? from : to - 1;
  while (row >= from && row < to && seqs.length < limit) {
    if (rows === undefined || rows[row] === 1) {
      seqs.push(row - opened.firstRow + header.firstSeq);
    }
    row += step;
  }
  return seqs;
}

/** A flow with its record. */
export function findRecorded(catalog: Catalog, seq: number): RecordedFlow | undefined {
  const flow = findFlow(catalog, seq);
  const raw = catalog.raw(seq);
  return flow === undefined || raw === undefined ? undefined : { ...flow, raw };
}

export function findFlow(catalog: Catalog, seq: number): StoredFlow | undefined {
  const header = catalog
    .headers()
    .find(({ firstSeq, lastSeq }) => firstSeq <= seq && seq <= lastSeq);
  const opened = header && catalog.open(header);
  if (header === undefined || opened === undefined) return undefined;
  return catalog.flows(header, opened, [seq])[0];
}
