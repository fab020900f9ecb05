/**
 * Folding the flows of a day into connections: `node test/bench/connections.bench.ts [stored flows] [directory]`. Pods
 * that talk to the same few over and over, as clusters do. The store is made first, and kept where a directory is named,
 * so that a second run begins at once; a directory with another store is read as it is.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Flow, FlowId } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { batchOf } from '../support/flow.ts';
import { measure, print } from '../support/measure.ts';
import { seededNumbers } from '../support/pod-traffic.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { makeFlows, WITHIN } from './peers/flows.ts';

const flows = Number(process.argv[2] ?? 2_000_000);
const CONNECTIONS = 40_000;
const BATCH = 4_096;
const BUCKETS = 24;
const LIMIT = 200_000;
const ROUNDS = 5;

/** What differs between flows of one connection. */
function* repeated(count: number): Generator<Flow, void, undefined> {
  const connections = [...makeFlows(CONNECTIONS)].map(asSent);
  const below = seededNumbers(7);
  const hex = (): string => below(0x1_0000_0000).toString(16).padStart(8, '0');
  const step = (WITHIN.to - WITHIN.from) / BigInt(count);
  for (let at = 0; at < count; at += 1) {
    // Few are busy, most are quiet.
    const flow = connections[Math.floor(CONNECTIONS * (below(1_000_000) / 1_000_000) ** 3)];
    if (flow === undefined) continue;
    const observedAt = nanos(WITHIN.from + BigInt(at) * step);
    yield {
      ...flow,
      id: (hex() + hex() + hex() + hex()) as FlowId,
      observedAt,
      receivedAt: nanos(observedAt + 8_000_000n),
      [flow.reply === 'yes' ? 'destinationPort' : 'sourcePort']: 32_768 + below(28_000),
    };
  }
}

/** A reply comes from the server. */
const asSent = (flow: Flow): Flow =>
  flow.reply !== 'yes'
    ? flow
    : {
        ...flow,
        source: flow.destination,
        destination: flow.source,
        sourceIp: flow.destinationIp,
        destinationIp: flow.sourceIp,
        sourcePort: flow.destinationPort,
        destinationPort: flow.sourcePort,
        sourceNames: flow.destinationNames,
        destinationNames: flow.sourceNames,
      };

async function load(directory: string): Promise<void> {
  await using store = await openSqliteStore({ directory });
  let batch: Flow[] = [];
  for (const flow of repeated(flows)) {
    if (batch.push(flow) < BATCH) continue;
    await store.append(batchOf(batch, { origin: flow.origin }));
    batch = [];
  }
  await store.append(batchOf(batch, { origin: 'relay-east' }));
}

await using temporary = await temporaryDirectory();
const directory = process.argv[3] ?? join(temporary.path, 'data');
await mkdir(directory, { recursive: true });
if (!existsSync(join(directory, 'dropwise.sqlite'))) await load(directory);

await using store = await openSqliteStore({ directory, readOnly: true });
const span = await store.span();
if (span === undefined) throw new Error('the store holds no flow');
const within = { from: span.from, to: nanos(span.to + 1n) };
const fold = () => store.connections({ where: undefined, within, buckets: BUCKETS, limit: LIMIT });
const { rows, untold } = await fold();
print({
  name: 'connections: rows',
  flows: store.head(),
  rows: rows.length,
  untold: untold.records,
  residentMb: Math.round(process.memoryUsage().rss / 1e6),
});
await measure({
  name: 'connections: fold',
  unit: 'flows/s',
  rounds: ROUNDS,
  run: async () => {
    await fold();
    return store.head();
  },
});
