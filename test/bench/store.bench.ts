/**
 * The SQLite store with a million flows on disk: appending in batches of 4,096 (or of the second argument),
 * bytes kept a flow, questions that pages ask, and what sealing costs. The flows have 2,000 workloads on 40 nodes, interned as the decoders intern them,
 * and records of about a kilobyte each with a random uuid, as an agent sends them.
 */
import Database from 'better-sqlite3';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Endpoint, Flow, FlowId, PolicyHit } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { ALLOWED } from '../../server/core/verdict.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import type { Expression } from '../../server/query/ast.ts';
import { openBlock } from '../../server/columns/block.ts';
import { filterOf } from '../../server/store/sqlite/filter.ts';
import { hashContent } from '../../server/store/sqlite/seals.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { print, spread } from '../support/measure.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const FLOWS = Number(process.argv[2] ?? 1_000_000);
const BATCH = Number(process.argv[3] ?? 4_096);
const ROUNDS = 5;
const START = 1_770_000_000_000_000_000n;

const POLICY_DENIED = { kind: 'dropped', reason: 'POLICY_DENIED' } as const;

let state = 42;
/** The same flows in every run. */
const below = (limit: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};
/** Few are busy, most are quiet. */
const skewed = (limit: number): number => Math.floor(limit * (below(10_000) / 10_000) ** 3);

const endpoints = Array.from({ length: 2_000 }, (_, index): Endpoint => ({
  kind: 'workload',
  cluster: 'east',
  namespace: `team-${index % 60}`,
  pod: `service-${index >> 1}-5d9f8c7b6-x2k${index}`,
  workload: `service-${index >> 1}`,
  workloadKind: 'Deployment',
  name: '',
  identity: 10_000 + index,
  labels: [
    `k8s:app.kubernetes.io/name=service-${index >> 1}`,
    'k8s:io.cilium.k8s.policy.cluster=east',
    `k8s:io.kubernetes.pod.namespace=team-${index % 60}`,
    `k8s:version=v1.${index % 9}`,
  ],
}));

const hitsOf = endpoints.map((end): readonly PolicyHit[] => [
  {
    policy: { kind: 'CiliumNetworkPolicy', namespace: end.namespace, name: 'web', tier: '' },
    direction: 'ingress',
    action: 'allow',
    stage: 'enforced',
    matched: 'policy',
    rule: -1,
  },
]);
const NO_HITS: readonly PolicyHit[] = [];
const COUNTS = aFlow().counts;

function recordOf(from: Endpoint, to: Endpoint, detail: string): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      flow: { source: from, destination: to, detail, type: 'L3_L4', is_reply: false },
    }),
  );
}

function makeFlow(index: number): Flow {
  const from = skewed(2_000);
  const to = (from * 7 + skewed(20)) % 2_000;
  const source = endpoints[from]!;
  const destination = endpoints[to]!;
  const isVerdict = below(10) === 0;
  const isDrop = below(50) === 0;
  const id = randomBytes(16).toString('hex') as FlowId;
  const observedAt = nanos(START + BigInt(index) * 20_000n + BigInt(below(5_000_000)));
  const sourcePort = 32_768 + below(28_000);
  return {
    ...aFlow(),
    id,
    origin: 'relay-east',
    observedAt,
    receivedAt: nanos(START + BigInt(index - (index % 64)) * 20_000n + 8_000_000n),
    node: `east/node-${to % 40}`,
    event: isDrop ? 'drop' : isVerdict ? 'policy-verdict' : 'trace',
    direction: below(2) === 0 ? 'ingress' : 'egress',
    reply: isDrop ? 'unknown' : below(2) === 0 ? 'yes' : 'no',
    source,
    destination,
    sourceIp: `10.${from % 40}.${from >> 6}.${from & 255}`,
    destinationIp: `10.${to % 40}.${to >> 6}.${to & 255}`,
    sourcePort,
    destinationPort: [80, 443, 8080, 5432, 6379, 53][to % 6]!,
    protocol: to % 6 === 5 ? 'udp' : 'tcp',
    verdict: isDrop ? POLICY_DENIED : ALLOWED,
    wireVerdict: isDrop ? 'DROPPED' : 'FORWARDED',
    hits: isVerdict ? hitsOf[to]! : NO_HITS,
    counts: COUNTS,
    raw: {
      format: 'hubble-json',
      bytes: recordOf(source, destination, `${id} ${observedAt} ${sourcePort}`),
    },
  };
}

function report(name: string, unit: string, samples: readonly number[]): void {
  print({ name: `store: ${name}`, unit, rounds: samples.length, ...spread(samples) });
}

const field = (side: 'to' | undefined, name: string, text: string): Expression => ({
  kind: 'field',
  side,
  field: name,
  values: [{ kind: 'word', text, quoted: false }],
});

await using directory = await temporaryDirectory();
await using store = await openSqliteStore({ directory: directory.path });

const rates: number[] = [];
const ratesPerCpuSecond: number[] = [];
const appendMs: number[] = [];
for (let start = 0; start < FLOWS; start += BATCH) {
  const flows = Array.from({ length: Math.min(BATCH, FLOWS - start) }, (_, row) =>
    makeFlow(start + row),
  );
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  await store.append(batchOf(flows, { origin: 'relay-east' }));
  const tookMs = performance.now() - began;
  const cpu = process.cpuUsage(cpuBefore);
  rates.push((flows.length / tookMs) * 1_000);
  ratesPerCpuSecond.push((flows.length / (cpu.user + cpu.system)) * 1_000_000);
  appendMs.push(tookMs);
}
const busyMs = appendMs.reduce((sum, ms) => sum + ms, 0);
report(`append, batches of ${BATCH}`, 'flows/s', rates);
report(`append, batches of ${BATCH}`, 'flows/CPU-s', ratesPerCpuSecond);
report('append with merges, whole run', 'flows/s', [(FLOWS / busyMs) * 1_000]);
report('one append with its merges', 'ms', appendMs);

const db = new Database(join(directory.path, 'dropwise.sqlite'), { readonly: true });
const sum = (sql: string): number => Number(db.prepare(sql).pluck().get());
report('columns', 'bytes/flow', [sum('SELECT sum(length(columns)) FROM blocks') / FLOWS]);
report('records', 'bytes/flow', [sum('SELECT sum(length(frame)) FROM raw_chunks') / FLOWS]);
report('drops set', 'bytes/flow', [
  (sum('SELECT sum(length(columns)) FROM drop_blocks') +
    sum('SELECT sum(length(frame)) FROM drop_raw_chunks')) /
    FLOWS,
]);
report('seals and filters', 'bytes/flow', [
  (sum('SELECT count(*) * 350 FROM seals') + sum('SELECT sum(length(filter)) FROM block_filters')) /
    FLOWS,
]);
report('on disk', 'bytes/flow', [store.size() / FLOWS]);

const sealMicros: number[] = [];
const filterMicros: number[] = [];
for (const { first, last } of db
  .prepare<[], { first: number; last: number }>(
    "SELECT first_seq AS first, last_seq AS last FROM seals WHERE block_set = 'all' LIMIT 20",
  )
  .all()) {
  const frames = db
    .prepare<[number, number], Buffer>(
      'SELECT frame FROM raw_chunks WHERE first_seq BETWEEN ? AND ? ORDER BY first_seq',
    )
    .pluck()
    .all(first, last);
  const columns = db
    .prepare<[number], Buffer>('SELECT columns FROM blocks WHERE first_seq = ?')
    .pluck()
    .get(first);
  if (columns === undefined) continue;
  const cpu = process.cpuUsage();
  await hashContent(columns, frames);
  const { user, system } = process.cpuUsage(cpu);
  sealMicros.push((user + system) / (last - first + 1));
  const began = performance.now();
  filterOf(openBlock(columns));
  filterMicros.push(((performance.now() - began) * 1_000) / (last - first + 1));
}
report('hash for a seal, all threads', 'CPU-us/flow', sealMicros);
report('filter of a sealed block', 'us/flow', filterMicros);

db.close();

const dropped = field(undefined, 'verdict', 'dropped');
const dropsOfOne: Expression = { kind: 'and', of: [dropped, field('to', 'wl', 'service-300')] };
const within = { from: nanos(START), to: nanos(START + 3_600_000_000_000n) };
const questions = {
  'last 100 drops of a workload': () =>
    store.page({ where: dropsOfOne }, { limit: 100, order: 'newest' }),
  'one address that nobody has': () =>
    store.page({ where: field(undefined, 'ip', '192.0.2.1') }, { limit: 100, order: 'newest' }),
  'newest 200': () => store.page({ where: undefined }, { limit: 200, order: 'newest' }),
  'count by verdict, 60 buckets': () =>
    store.summarize({ where: undefined, within, by: ['verdict'], buckets: 60, top: 10 }),
  'count by workload of drops': () =>
    store.summarize({ where: dropped, within, by: ['wl'], buckets: 1, top: 10 }),
  'count by pair of workloads': () =>
    store.summarize({ where: undefined, within, by: ['from.wl', 'to.wl'], buckets: 1, top: 50 }),
};
for (const [name, ask] of Object.entries(questions)) {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    await ask();
    times.push(performance.now() - began);
  }
  report(`${name}, ${FLOWS} flows`, 'ms', times);
}
