import type { StoredFlow } from '../core/flow.ts';
import { flowCsv } from '../formats/flow-csv.ts';
import { flowToJson } from '../formats/flow-json.ts';
import { hubbleLine } from '../operations/hubble-line.ts';
import type { FlowQuery, FlowReader, PageRequest } from '../store/flow-store.ts';
import { FLOW_HEADINGS, flowCells } from './flow-line.ts';
import { growingTable } from './print.ts';

export const FLOW_OUTPUTS = ['table', 'json', 'jsonpb', 'csv'] as const;

export type FlowOutputFormat = (typeof FLOW_OUTPUTS)[number];

/** A page of flows as it is printed. */
export type WrittenPage = {
  readonly text: string;
  readonly next: number | undefined;
  readonly head: number;
};

/** Reads flows page by page and writes them down; headings stand before the first page. */
export type FlowOutput = (query: FlowQuery, request: PageRequest) => Promise<WrittenPage>;

export function createFlowOutput(store: FlowReader, format: FlowOutputFormat): FlowOutput {
  switch (format) {
    case 'table': {
      const table = growingTable(FLOW_HEADINGS);
      return pagesAs(store, (flows) => table(flows.map(flowCells)));
    }
    case 'json':
      return pagesAs(store, (flows) =>
        lines(flows.map((flow) => JSON.stringify(flowToJson(flow)))),
      );
    case 'csv': {
      const { head, line } = flowCsv();
      let before = head;
      return pagesAs(store, (flows) => {
        const text = before + flows.map(line).join('');
        before = '';
        return text;
      });
    }
    case 'jsonpb':
      return async (query, request) => {
        const { flows, next, head } = await store.records(query, request);
        return { text: lines(flows.map(hubbleLine)), next, head };
      };
  }
}

const pagesAs =
  (store: FlowReader, write: (flows: readonly StoredFlow[]) => string): FlowOutput =>
  async (query, request) => {
    const { flows, next, head } = await store.page(query, request);
    return { text: write(flows), next, head };
  };

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');
