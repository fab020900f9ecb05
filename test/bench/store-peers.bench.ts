/**
 * Our store beside ClickHouse (as `chdb` embeds it) and DuckDB: the same flows of a day, a million of them or as
 * many as the first argument says, the same questions, each store in a process of its own. Fails when answers
 * differ, whatever the times are. The peers are no dependencies of ours: they are installed when they are missing,
 * outside the tree, and where that fails the bench goes on without them.
 */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controlMs, print, spread } from '../support/measure.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import type { Answered, EngineName, Loaded, Place, Question } from './peers/engine.ts';
import { writeLines } from './peers/columns.ts';
import { DENIED, OUTSIDE_IP, WITHIN } from './peers/flows.ts';

const FLOWS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = 5;
const ENGINE = new URL('./peers/engine.ts', import.meta.url);

/** Pinned, so that runs on two days compare. */
const PEERS = { clickhouse: 'chdb@3.4.0', duckdb: '@duckdb/node-api@1.5.6-r.1' } as const;
const PEERS_FOLDER = join(tmpdir(), 'dropwise-bench-peers');

const DAY = `observed_ns >= ${WITHIN.from} AND observed_ns < ${WITHIN.to}`;
const LONGEST_PAGE = 10_000;
const NEWEST_FIRST = 'ORDER BY observed_ns DESC';
const PER_MINUTE = `
  SELECT policy_namespace || '/' || policy_name, {minute} AS minute,
         sum(CASE WHEN hit_action = 'allow' THEN events ELSE 0 END),
         sum(CASE WHEN hit_action = 'deny' THEN events ELSE 0 END)
  FROM flows
  WHERE event = 'policy-verdict' AND ${DAY}
  GROUP BY policy_namespace, policy_name, minute`;

type Compared = {
  /** How our store is asked. */
  readonly asked: string;
  /** Whether the order of the answer is part of it. */
  readonly ordered: boolean;
};

const QUESTIONS: Readonly<Record<string, Question & Compared>> = {
  'last 100 drops of a workload': {
    asked: 'page, at either end, all columns',
    ordered: true,
    ours: { kind: 'page', where: `verdict:dropped wl:${DENIED.to}`, limit: 100 },
    sql: `SELECT * FROM flows
          WHERE verdict = 'dropped' AND ${DAY}
            AND (source_workload = '${DENIED.to}' OR destination_workload = '${DENIED.to}')
          ${NEWEST_FIRST} LIMIT 100`,
  },
  'drops from A to B in 24 h': {
    asked: 'page of 10,000 at most, all columns',
    ordered: true,
    ours: {
      kind: 'page',
      where: `verdict:dropped from.wl:${DENIED.from} to.wl:${DENIED.to}`,
      limit: LONGEST_PAGE,
    },
    sql: `SELECT * FROM flows
          WHERE verdict = 'dropped' AND ${DAY}
            AND source_workload = '${DENIED.from}' AND destination_workload = '${DENIED.to}'
          ${NEWEST_FIRST} LIMIT ${LONGEST_PAGE}`,
  },
  'allowed and denied by policy and minute, 24 h, roll-up': {
    asked: 'policyHits: ours reads what commits count, the peers read their columns',
    ordered: false,
    ours: { kind: 'hits per minute' },
    sql: PER_MINUTE,
  },
  'allowed and denied by policy and minute, 24 h, columns': {
    asked: 'summarize by policy, once a verdict',
    ordered: false,
    ours: { kind: 'verdicts per minute' },
    sql: PER_MINUTE,
  },
  'top 50 of two workloads, port and verdict': {
    asked: 'dropwise sql: pages count by one field only',
    ordered: true,
    ours: { kind: 'sql' },
    sql: `SELECT source_workload, destination_workload, destination_port, verdict, count(*)
          FROM flows GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4 LIMIT 50`,
  },
  'top 50 destination workloads': {
    asked: 'summarize, the nearest that pages ask',
    ordered: true,
    ours: { kind: 'top', by: 'to.wl', top: 50 },
    sql: `SELECT destination_workload, sum(events) FROM flows
          WHERE ${DAY} GROUP BY 1 ORDER BY sum(events) DESC, count(*) DESC, 1 LIMIT 50`,
  },
  'all flows of one outside address': {
    asked: 'page of 10,000 at most, all columns',
    ordered: true,
    ours: { kind: 'page', where: `ip:${OUTSIDE_IP}`, limit: LONGEST_PAGE },
    sql: `SELECT * FROM flows
          WHERE ${DAY} AND (source_ip = '${OUTSIDE_IP}' OR destination_ip = '${OUTSIDE_IP}')
          ${NEWEST_FIRST} LIMIT ${LONGEST_PAGE}`,
  },
};

/** Whether the peer is there, installed now if it was not. */
function install(name: string, version: string): boolean {
  if (existsSync(join(PEERS_FOLDER, 'node_modules', version.replace(/(?<=.)@.*/, '')))) return true;
  process.stderr.write(`installing ${version} in ${PEERS_FOLDER}\n`);
  mkdirSync(PEERS_FOLDER, { recursive: true });
  try {
    const options = ['--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', ['install', '--prefix', PEERS_FOLDER, ...options, version], {
      stdio: 'pipe',
    });
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    print({ name: `peers: ${name}`, skipped: `${version} could not be installed: ${reason}` });
    return false;
  }
}

type Child = {
  readonly name: EngineName;
  readonly loaded: Loaded;
  readonly ask: (question: Question) => Promise<Answered>;
  readonly stop: () => Promise<void>;
};

async function start(name: EngineName, folder: string, file: string): Promise<Child> {
  mkdirSync(join(folder, name));
  const place: Place = { folder: join(folder, name), flows: FLOWS, file, peers: PEERS_FOLDER };
  const child = fork(ENGINE, [name, JSON.stringify(place)], { serialization: 'advanced' });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`${name} ended with ${String(code)}`);
  });
  const next = async <T>(): Promise<T> =>
    ((await Promise.race([once(child, 'message'), failed])) as [T])[0];
  const loaded = await next<Loaded>();
  return {
    name,
    loaded,
    ask(question) {
      child.send(question);
      return next<Answered>();
    },
    async stop() {
      failed.catch(() => undefined);
      child.disconnect();
      await failed.catch(() => undefined);
    },
  };
}

/** Asks each store in turn, round after round, the first of which only warms up and is compared. */
async function compare(name: string, stores: readonly Child[]): Promise<void> {
  const { asked, ordered, ...question } = QUESTIONS[name]!;
  const times = new Map(stores.map((store): [EngineName, number[]] => [store.name, []]));
  const answers = new Map<EngineName, readonly string[]>();
  const control: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    if (round > 0) control.push(controlMs());
    for (const store of stores) {
      const { ms, lines } = await store.ask(question);
      if (round > 0) times.get(store.name)!.push(ms);
      else answers.set(store.name, ordered ? lines : lines.toSorted());
    }
  }
  const ours = answers.get('dropwise') ?? [];
  const differences = stores.flatMap((store) =>
    differenceOf(ours, store.name, answers.get(store.name)!),
  );
  if (differences.length > 0 || ours.length === 0) process.exitCode = 1;
  print({
    name: `peers: ${name}`,
    asked,
    flows: FLOWS,
    lines: ours.length,
    unit: 'ms',
    rounds: ROUNDS,
    ...Object.fromEntries([...times].map(([store, samples]) => [store, spread(samples)])),
    ...ratios((store) => medianOf(times.get(store)!), stores),
    ...(differences.length > 0 ? { differences } : {}),
    controlMs: spread(control),
    versions: Object.fromEntries(stores.map((store) => [store.name, store.loaded.version])),
  });
}

type Difference = {
  readonly peer: EngineName;
  readonly lines: number;
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
};

/** The first line that differs. */
function differenceOf(
  ours: readonly string[],
  peer: EngineName,
  theirs: readonly string[],
): readonly Difference[] {
  const length = Math.max(ours.length, theirs.length);
  for (let line = 0; line < length; line += 1) {
    if (ours[line] === theirs[line]) continue;
    return [{ peer, lines: theirs.length, ours: ours[line], theirs: theirs[line] }];
  }
  return [];
}

const medianOf = (samples: readonly number[]): number =>
  samples.toSorted((a, b) => a - b)[samples.length >> 1] ?? NaN;

/** `toClickhouse: 0.5` where ours takes half of it. */
const ratios = (figure: (store: EngineName) => number, stores: readonly Child[]) =>
  Object.fromEntries(
    stores
      .filter(({ name }) => name !== 'dropwise')
      .map(({ name }) => [
        name === 'clickhouse' ? 'toClickHouse' : 'toDuckDb',
        Number((figure('dropwise') / figure(name)).toPrecision(2)),
      ]),
  );

const peers = (Object.keys(PEERS) as (keyof typeof PEERS)[]).filter((name) =>
  install(name, PEERS[name]),
);
await using directory = await temporaryDirectory();
const file = join(directory.path, 'flows.tsv');
// Loading is not timed, so they may load at the same time.
const ours = start('dropwise', directory.path, file);
writeLines(file, FLOWS);
const stores = await Promise.all([ours, ...peers.map((name) => start(name, directory.path, file))]);
for (const { name, loaded } of stores) {
  print({ name: `peers: bytes of ${name}`, unit: 'bytes/flow', flows: FLOWS, ...loaded });
}
for (const name of Object.keys(QUESTIONS)) await compare(name, stores);
for (const store of stores) await store.stop();
