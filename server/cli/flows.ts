import { AppError } from '../core/errors.ts';
import type { StoredFlow } from '../core/flow.ts';
import { flowToJson } from '../formats/flow-json.ts';
import { systemClock } from '../lib/clock.ts';
import { readQuery, readRange } from '../operations/read-request.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { FLOW_HEADINGS, flowCells } from './flow-line.ts';
import { printJson, printTable, type OutputFormat } from './print.ts';

const PAGE = 1_000;

export type FlowsOptions = {
  readonly query: string;
  /** A duration (`15m`), a range (`now-2h..now-1h`) or `all`. */
  readonly since: string;
  /** Newest flows to print; all when `undefined`. */
  readonly last: number | undefined;
  readonly output: OutputFormat;
};

/** Prints stored flows, oldest first. */
export async function printFlows(store: FlowStore, options: FlowsOptions): Promise<void> {
  const { where } = readQuery(options.query);
  const within = readRange(options.since, systemClock());
  const query = { where, ...(within === undefined ? {} : { within }) };
  const pages =
    options.last === undefined ? allFlows(store, query) : lastFlows(store, query, options.last);
  const rows: (readonly string[])[] = [];
  for await (const flows of pages) {
    for (const flow of flows) {
      if (options.output === 'json') printJson(flowToJson(flow));
      else rows.push(flowCells(flow));
    }
  }
  if (options.output === 'table') printTable(FLOW_HEADINGS, rows);
}

type Query = Parameters<FlowStore['page']>[0];

async function* allFlows(store: FlowStore, query: Query): AsyncGenerator<readonly StoredFlow[]> {
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
  query: Query,
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
