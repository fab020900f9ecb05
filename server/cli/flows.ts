import { setTimeout as wait } from 'node:timers/promises';
import { closeSpan } from '../operations/read-span.ts';
import type { FlowQuery, FlowStore } from '../store/flow-store.ts';
import { printLowerBound } from './completeness.ts';
import { createFlowOutput, type FlowOutput, type FlowOutputFormat } from './flow-output.ts';
import { untilInterrupted } from './interrupt.ts';
import { readerGone, readerIsGone, writeOut } from './print.ts';
import { withProgress, type ShowProgress } from './progress.ts';

const PAGE = 1_000;
/** A long search is asked for in parts, so that it can tell how far it is. */
const WORK_MS = 300;
/** How long flows that were just stored may wait to be printed. */
const POLL_MS = 250;

export type FlowsOptions = {
  /** Newest flows to print; all when `undefined`. */
  readonly last: number | undefined;
  readonly output: FlowOutputFormat;
  /** `new`: print only what is stored from now on. `after`: what there is, then that. */
  readonly follow: 'no' | 'new' | 'after';
};

/**
 * Prints stored flows, in the order in which they were stored; on standard error whether some are known to be missing.
 * With `follow` it goes on until it is interrupted or nobody reads any more.
 */
export async function printFlows(
  store: FlowStore,
  query: FlowQuery,
  { last, output: format, follow }: FlowsOptions,
): Promise<void> {
  const output = createFlowOutput(store, format);
  const asOf = store.head();
  if (follow === 'new') return followFlows(output, query, asOf);
  const from = last === undefined ? 0 : await placeOfLast(store, { ...query, asOf }, last);
  // On a terminal the flows themselves show that it goes on, and a bar would stand between them.
  await (process.stdout.isTTY
    ? printStored(output, { ...query, asOf }, from)
    : withProgress('flows', (progress) => printStored(output, { ...query, asOf }, from, progress)));
  if (follow === 'after') return followFlows(output, query, asOf);
  if (readerIsGone()) return;
  const { within } = query;
  const closed = within === undefined ? undefined : await closeSpan(store, within);
  await printLowerBound(store, closed, 'flows');
}

/** All behind `after`, up to `asOf`. */
async function printStored(
  output: FlowOutput,
  query: FlowQuery & { readonly asOf: number },
  after: number,
  progress: ShowProgress = () => undefined,
): Promise<void> {
  let place: number | undefined = after;
  // What retention removed is passed in no time.
  let begun: number | undefined;
  while (place !== undefined && !readerIsGone()) {
    const { text, next } = await output(query, {
      ...{ limit: PAGE, order: 'oldest', after: place, workMs: WORK_MS },
    });
    await writeOut(text);
    begun ??= next ?? query.asOf;
    progress((next ?? query.asOf) - begun, query.asOf - begun);
    place = next;
  }
}

/** Behind which sequence number the newest `last` flows that match begin. */
async function placeOfLast(store: FlowStore, query: FlowQuery, last: number): Promise<number> {
  let left = last;
  let after: number | undefined;
  while (left > 0) {
    const { flows, next } = await store.page(query, {
      limit: Math.min(PAGE, left),
      order: 'newest',
      ...(after === undefined ? {} : { after }),
    });
    left -= flows.length;
    if (left === 0) return (flows.at(-1)?.seq ?? 1) - 1;
    if (next === undefined) return 0;
    after = next;
  }
  return 0;
}

/** Prints what is stored behind `after`, as it comes. */
async function followFlows(output: FlowOutput, query: FlowQuery, after: number): Promise<void> {
  using interrupted = untilInterrupted();
  const signal = AbortSignal.any([interrupted.signal, readerGone]);
  let place = after;
  try {
    while (!signal.aborted) {
      const { text, next, head } = await output(query, {
        ...{ limit: PAGE, order: 'oldest', after: place, signal },
      });
      await writeOut(text);
      place = next ?? Math.max(place, head);
      if (next === undefined) await wait(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
