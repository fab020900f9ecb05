import { expect, vi } from 'vitest';
import { createProgram } from '../../server/cli/program.ts';
import type { Flow } from '../../server/core/flow.ts';
import type { FlowJson } from '../../server/formats/flow-json.ts';
import type { FlowsResponse } from '../../server/http/contract.ts';
import { readQuery } from '../../server/operations/read-request.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import type { FlowStore } from '../../server/store/flow-store.ts';
import { openApi, openLive, type LiveClient, type TestApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { batchOf } from '../support/flow.ts';
import { appendAll, engines, type TestEngine } from '../support/flow-stores.ts';

/** One way to ask a query of flows. */
export type Evaluator = {
  readonly name: string;
  /** `queries` are all that will be asked: a live stream must know them before the flows come. */
  open(flows: readonly Flow[], queries: readonly string[]): Promise<Asked>;
};

export type Asked = AsyncDisposable & {
  /** Flows that the query finds, in the order in which they were told. */
  find(q: string): Promise<readonly Pick<Flow | FlowJson, 'id'>[]>;
};

/** More than one commit, so that there is more than one block to look through. */
const COMMIT = 9;

function commitsOf(flows: readonly Flow[]): readonly (readonly Flow[])[] {
  return Array.from({ length: Math.ceil(flows.length / COMMIT) }, (_, at) =>
    flows.slice(at * COMMIT, (at + 1) * COMMIT),
  );
}

/** Of the flows as they were committed: the store may say of a flow what its record cannot (`is:new-pair`). */
const inMemory = ({ name, open }: TestEngine): Evaluator => ({
  name: `the in-memory match of what ${name} committed`,
  async open(flows) {
    await using opened = await open();
    const committed = await appendAll(opened.store, commitsOf(flows));
    return {
      find: (q) => Promise.resolve(committed.filter(matches(compileQuery(readQuery(q).where)))),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
});

const blockScan = ({ name, open }: TestEngine): Evaluator => ({
  name: `the block scan of ${name}`,
  async open(flows) {
    const opened = await open({ small: true });
    await appendAll(opened.store, commitsOf(flows));
    return {
      find: async (q) => {
        const { where } = readQuery(q);
        const page = await opened.store.page({ where }, { limit: flows.length, order: 'oldest' });
        return page.flows;
      },
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  },
});

/** Store first, then live, as ingest does it. */
async function tell({ store, services }: TestApi, flows: readonly Flow[]): Promise<void> {
  for (const part of commitsOf(flows)) {
    const { firstSeq, ...committed } = await store.append(batchOf(part));
    services.hub.publish({ ...committed, head: firstSeq + part.length - 1, untold: 0 });
  }
}

const overHttp: Evaluator = {
  name: 'GET /api/v1/flows',
  async open(flows) {
    const api = await openApi();
    await tell(api, flows);
    return {
      find: async (q) => {
        const path = `/api/v1/flows?t=all&order=oldest&limit=1000&q=${encodeURIComponent(q)}`;
        const response = await api.get(path);
        expect(response.status).toBe(200);
        return ((await response.json()) as FlowsResponse).flows;
      },
      [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
    };
  },
};

const overWebSocket: Evaluator = {
  name: 'the live stream',
  async open(flows, queries) {
    await using parts = new AsyncDisposableStack();
    const api = parts.use(await openApi());
    const viewers = new Map<string, LiveClient>();
    for (const q of queries) viewers.set(q, parts.use(await openLive(api.url, { q })));
    for (const viewer of viewers.values()) {
      await eventually(() => expect(viewer.of('subscribed')).toHaveLength(1));
    }
    await tell(api, flows);
    const open = parts.move();
    return {
      async find(q) {
        const viewer = viewers.get(q);
        if (viewer === undefined) throw new Error(`nobody watches '${q}'`);
        return toldTo(viewer, flows.length);
      },
      [Symbol.asyncDispose]: () => open.disposeAsync(),
    };
  },
};

/** All rows, once all flows are told: the exact counts of the ticks agree with them. */
async function toldTo(viewer: LiveClient, head: number): Promise<readonly FlowJson[]> {
  // The flows may come right after the first tick that knows the head, and are then counted in the next.
  await eventually(() =>
    expect(viewer.of('tick').filter((tick) => tick.head === head).length).toBeGreaterThan(1),
  );
  const told = viewer.of('flows').flatMap(({ flows }) => flows);
  const counted = viewer.of('tick').flatMap(({ records }) => Object.values(records));
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(told.length);
  return told;
}

const commandLine: Evaluator = {
  name: 'dropwise flows',
  async open(flows) {
    const api = await openApi();
    await tell(api, flows);
    return {
      find: async (q) => linesOf(await printedBy(() => runFlows(api.store, q))),
      [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
    };
  },
};

/** The command itself, its arguments read as a shell would give them; only the process is not its own. */
export async function runFlows(store: FlowStore, q: string): Promise<void> {
  const noServer = (): never => {
    throw new Error('only flows are printed here');
  };
  const program = createProgram({
    version: 'test',
    serve: noServer,
    dataDirectory: noServer,
    withStore: (_flags, _options, use) => use(store),
  });
  await program.parseAsync(['flows', '--since', 'all', '--output', 'json', '--', q], {
    from: 'user',
  });
}

async function printedBy(run: () => Promise<void>): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await run();
    return write.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    write.mockRestore();
  }
}

/** Flows as `--output json` prints them. */
export const linesOf = (printed: string): readonly FlowJson[] =>
  printed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FlowJson);

export const EVALUATORS: readonly Evaluator[] = [
  ...engines.map(inMemory),
  ...engines.map(blockScan),
  overHttp,
  overWebSocket,
  commandLine,
];
