import { AppError } from '../core/errors.ts';
import type { StoredFlow } from '../core/flow.ts';
import type { TimeWindow } from '../core/time.ts';
import { flowToJson } from '../formats/flow-json.ts';
import { systemClock } from '../lib/clock.ts';
import { readQuery, readRange } from '../operations/read-request.ts';
import type { FlowQuery, FlowStore } from '../store/flow-store.ts';
import { printLowerBound } from './completeness.ts';
import { FLOW_HEADINGS, flowCells } from './flow-line.ts';
import { printJson, printTable, readerIsGone, type OutputFormat } from './print.ts';

const PAGE = 1_000;

export type FlowsOptions = {
  /** Newest flows to print; all when `undefined`. */
  readonly last: number | undefined;
  readonly output: OutputFormat;
};

export type FlowsQuery = FlowQuery & { readonly within?: TimeWindow };

/**
 * Reads what was asked, before any store is opened; `since` is a duration (`15m`), a range
 * (`now-2h..now-1h`) or `all`. Throws an AppError `bad-query` or `bad-time`.
 */
export function readFlowsQuery(query: string, since: string): FlowsQuery {
  const { where } = readQuery(query);
  const within = readRange(since, systemClock());
  return { where, ...(within === undefined ? {} : { within }) };
}

/**
 * Prints stored flows, in the order in which they were stored; on standard error whether some are known to be missing.
 */
export async function printFlows(
  store: FlowStore,
  query: FlowsQuery,
  { last, output }: FlowsOptions,
): Promise<void> {
  const pages = last === undefined ? allFlows(store, query) : lastFlows(store, query, last);
  let headings: readonly string[] = FLOW_HEADINGS;
  for await (const flows of pages) {
    if (readerIsGone()) return;
    if (output === 'json') {
      for (const flow of flows) printJson(flowToJson(flow));
    } else {
      printTable(headings, flows.map(flowCells));
      headings = [];
    }
  }
  await printLowerBound(store, query.within, 'flows');
}

async function* allFlows(
  store: FlowStore,
  query: FlowQuery,
): AsyncGenerator<readonly StoredFlow[]> {
  const asOf = store.head();
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page = await store.page({ ...query, asOf }, { limit: PAGE, order: 'oldest', after });
    yield page.flows;
    after = page.next;
  }
}

async function* lastFlows(
  store: FlowStore,
  query: FlowQuery,
  last: number,
): AsyncGenerator<readonly StoredFlow[]> {
  const flows: StoredFlow[] = [];
  let after: number | undefined;
  do {
    const page = await store.page(query, {
      limit: Math.min(PAGE, last - flows.length),
      order: 'newest',
      ...(after === undefined ? {} : { after }),
    });
    flows.push(...page.flows);
    after = page.next;
  } while (after !== undefined && flows.length < last);
  yield flows.reverse();
}

/** Reads `--last`. */
export function parseLast(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new AppError('bad-request', `--last must be a whole number above 0, not '${text}'`);
}
