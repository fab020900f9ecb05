/**
 * A stream of flows told to 1,000 viewers with 1,000 different queries, on one core: each query tried on each flow,
 * each query evaluated over each block, and the index of views. All begin with the same blocks as bytes; trying each
 * is given the flows as objects, and pays nothing for them. `node test/bench/filters.bench.ts`
 */
import { fork } from 'node:child_process';
import { once as nextMessage } from 'node:events';
import { openBlock } from '../../server/columns/block.ts';
import { encodeFlows, writeBlock } from '../../server/columns/encoded-block.ts';
import { evaluate } from '../../server/columns/evaluate.ts';
import { nanos } from '../../server/core/time.ts';
import type { Flow } from '../../server/core/flow.ts';
import type { LiveQuery } from '../../server/live/live-hub.ts';
import { createViewIndex } from '../../server/live/view-index.ts';
import { matches } from '../../server/query/match.ts';
import { createFastHubbleDecoder } from '../../server/sources/decode/hubble-bytes.ts';
import { liveQuery } from '../support/live.ts';
import { controlMs, print, spread } from '../support/measure.ts';
import { podTraffic } from '../support/pod-traffic.ts';

const ENDPOINTS = 2_000;
const COUNT = 20_000;
/** Of these the slow variants are timed on the first ones. */
const FEW = 2_000;
const BLOCK_ROWS = [500, 5_000];
const VIEWS = 1_000;
const ROUNDS = 5;
const RECEIVED = nanos(1_800_000_000_000_000_000n);

function decodedFlows(): readonly Flow[] {
  const decode = createFastHubbleDecoder({ origin: 'bench', onGeneric: () => undefined });
  return podTraffic({ endpoints: ENDPOINTS, count: COUNT }).map((message) => {
    const result = decode(message, RECEIVED);
    if (!result.ok || result.kind !== 'flow') throw new Error('a message was not decoded');
    return result.flow;
  });
}

const flows = decodedFlows();

const distinct = (read: (flow: Flow) => string): readonly string[] =>
  [...new Set(flows.map(read))].filter((text) => text !== '').sort();
const pods = distinct((flow) => `ns:${flow.source.namespace} pod:${flow.source.pod}`);
const workloads = distinct((flow) => flow.source.workload);
const namespaces = distinct((flow) => flow.source.namespace);
const addresses = distinct((flow) => flow.sourceIp);
const policies = distinct((flow) =>
  flow.hits.map(({ policy }) => `${policy.namespace}/${policy.name}`).join(),
);

/** Of each kind how many views ask, and what the one at a place asks. */
const INDEXED: readonly (readonly [count: number, text: (at: number) => string])[] = [
  [40, (at) => `ns:${of(namespaces, at)}`],
  [80, (at) => `verdict:dropped ${at % 2 ? 'from' : 'to'}.ns:${of(namespaces, at >> 1)}`],
  [40, (at) => `-verdict:forwarded ns:${of(namespaces, at)}`],
  [210, (at) => of(pods, at * 7)],
  [150, (at) => `wl:${of(workloads, at)}`],
  [120, (at) => `to.wl:${of(workloads, at)} port:${8_000 + at}`],
  [120, (at) => `ip:${of(addresses, at * 11)}`],
  [80, (at) => `policy:${of(policies, at)}`],
  [40, (at) => `port:${8_000 + at}`],
  [40, (at) => `(wl:${of(workloads, at)} OR ns:${of(namespaces, at)}) verdict:dropped`],
  [40, (at) => `verdict:dropped -ns:${of(namespaces, at)}`],
  [40, (at) => `app.kubernetes.io/name=service-${at}`],
];

/** Queries that say no exact word. */
const OTHERS: typeof INDEXED = [
  [8, (at) => `vice-${at}1`],
  [4, (at) => `ip:10.0.${at}.0/24`],
  [4, (at) => `wl:service-${at + 1}*`],
  [4, (at) => `-ns:${of(namespaces, at)}`],
];

function of(words: readonly string[], at: number): string {
  return words[at % words.length] ?? '';
}

const queriesOf = (kinds: typeof INDEXED): readonly LiveQuery[] =>
  kinds.flatMap(([count, text]) => Array.from({ length: count }, (_, at) => liveQuery(text(at))));

/** 1,000 queries, of which none or 20 say no exact word. */
const MIXES: Readonly<Record<string, readonly LiveQuery[]>> = {
  'all say exact words': queriesOf(INDEXED),
  '20 do not': [...queriesOf(INDEXED).slice(20), ...queriesOf(OTHERS)],
};
for (const queries of Object.values(MIXES)) {
  if (new Set(queries.map(({ text }) => text)).size !== VIEWS) throw new Error('equal queries');
}

const inBlocks = (rows: number): readonly Uint8Array[] =>
  Array.from({ length: COUNT / rows }, (_, at) =>
    writeBlock(encodeFlows(flows.slice(at * rows, (at + 1) * rows))),
  );

/** Takes what matches: a query, and the row of one of its matches in the stream. */
type Take = (query: number, row: number) => void;
type Variant = (queries: readonly LiveQuery[], blocks: readonly Uint8Array[], take: Take) => void;

const VARIANTS: Readonly<Record<string, Variant>> = {
  each(queries, blocks, take) {
    const count = blocks.reduce((sum, block) => sum + openBlock(block).rows, 0);
    const tests = queries.map(({ condition }) => matches(condition));
    for (const [row, flow] of flows.slice(0, count).entries()) {
      for (const [query, test] of tests.entries()) if (test(flow)) take(query, row);
    }
  },
  evaluate(queries, blocks, take) {
    let first = 0;
    for (const bytes of blocks) {
      const block = openBlock(bytes);
      for (const [query, { condition }] of queries.entries()) {
        const rows = evaluate(condition, block, undefined);
        if (rows === 'none') continue;
        for (let row = 0; row < block.rows; row += 1) {
          if (rows === 'all' || rows[row] === 1) take(query, first + row);
        }
      }
      first += block.rows;
    }
  },
  index(queries, blocks, take) {
    const index = createViewIndex<{ readonly query: number }>();
    for (const [query, { condition }] of queries.entries()) index.add({ query }, condition);
    let first = 0;
    for (const bytes of blocks) {
      const block = openBlock(bytes);
      index.match(block, ({ query }, rows) => {
        for (const row of rows) take(query, first + row);
      });
      first += block.rows;
    }
  },
};

function answers(variant: Variant, queries: readonly LiveQuery[], blocks: readonly Uint8Array[]) {
  const found = queries.map((): number[] => []);
  variant(queries, blocks, (query, row) => found[query]?.push(row));
  return JSON.stringify(found);
}

type Round = { readonly rate: number; readonly matchesAFlow: number };

/** Each variant has a process of its own, so that none compiles or collects for another. */
function serveRounds(name: string, mix: string, rows: number): void {
  const variant = VARIANTS[name];
  const queries = MIXES[mix];
  if (variant === undefined || queries === undefined) throw new Error(`no ${name} of ${mix}`);
  const all = inBlocks(rows);
  const blocks = name === 'index' ? all : all.slice(0, Math.ceil(FEW / rows));
  process.on('message', () => {
    const before = process.cpuUsage();
    let taken = 0;
    variant(queries, blocks, () => (taken += 1));
    const { user, system } = process.cpuUsage(before);
    const count = blocks.length * rows;
    const rate = count / ((user + system) / 1_000_000);
    process.send?.({ rate, matchesAFlow: taken / count } satisfies Round);
  });
  process.send?.('ready');
}

async function compare(mix: string, rows: number): Promise<void> {
  const checked = inBlocks(rows).slice(0, Math.ceil(FEW / rows));
  const given = Object.values(VARIANTS).map((one) => answers(one, MIXES[mix] ?? [], checked));
  if (new Set(given).size !== 1) throw new Error('the variants do not agree');
  const names = Object.keys(VARIANTS);
  const children = names.map((name) => fork(import.meta.filename, [name, mix, String(rows)]));
  await Promise.all(children.map((child) => nextMessage(child, 'message')));
  const rounds: Round[][] = names.map(() => []);
  const control: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    control.push(controlMs());
    for (const [at, child] of children.entries()) {
      child.send('round');
      const [figures] = (await nextMessage(child, 'message')) as [Round];
      // The first one warms up.
      if (round > 0) rounds[at]?.push(figures);
    }
  }
  for (const child of children) child.disconnect();
  const figures = names.map((name, at) => ({
    name,
    ...spread((rounds[at] ?? []).map(({ rate }) => rate)),
  }));
  const [each, evaluated, index] = figures.map(({ median }) => median);
  const ratio = (other = NaN): number => Math.round(((index ?? NaN) / other) * 10) / 10;
  print({
    name: `${VIEWS} filters, ${mix}, blocks of ${rows}`,
    unit: 'flows/s of CPU time',
    rounds: ROUNDS,
    variants: figures,
    ratioToEach: ratio(each),
    ratioToEvaluate: ratio(evaluated),
    matchesAFlow: Math.round((rounds.at(-1)?.[0]?.matchesAFlow ?? NaN) * 10) / 10,
    controlMs: spread(control),
  });
}

const [name, mix, size] = process.argv.slice(2);
if (name !== undefined && mix !== undefined) serveRounds(name, mix, Number(size));
else
  for (const each of Object.keys(MIXES)) for (const rows of BLOCK_ROWS) await compare(each, rows);
