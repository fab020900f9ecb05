/**
 * One store in a process of its own: `engine.ts <name> <place as JSON>`. It loads the flows, says what they take,
 * and then answers the questions that it is sent.
 */
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { COLUMNS } from './columns.ts';
import { openDropwise } from './dropwise.ts';
import { WITHIN } from './flows.ts';

export type EngineName = 'dropwise' | 'clickhouse' | 'duckdb';

/** A question in our words, and in SQL for the peers; `sql` alone where ours answers the same SQL. */
export type Question = {
  readonly ours:
    | { readonly kind: 'page'; readonly where: string; readonly limit: number }
    | { readonly kind: 'hits per minute' }
    | { readonly kind: 'verdicts per minute' }
    | { readonly kind: 'top'; readonly by: string; readonly top: number }
    | { readonly kind: 'sql' };
  /** `{minute}` stands for the number of the minute within the day. */
  readonly sql: string;
};

export type Place = {
  /** Where the store keeps its files. */
  readonly folder: string;
  readonly flows: number;
  /** The flows as text, for the peers. */
  readonly file: string;
  /** Where the peers are installed. */
  readonly peers: string;
};
export type Loaded = {
  readonly version: string;
  readonly bytesPerFlow: Readonly<Record<string, number>>;
};
export type Answered = { readonly ms: number; readonly lines: readonly string[] };

/** Asks once. What it answers with is turned into lines, to be compared, when the clock has stopped. */
type Ask = (question: Question) => Promise<() => readonly string[]>;
export type Engine = Loaded & { readonly ask: Ask };

/** The part of `chdb` that is used: it is no dependency, so its types are not there. */
type ClickHouse = {
  readonly Session: new (folder: string) => { query(sql: string, format: 'TSV'): string };
};

function openClickHouse({ folder, flows, file, peers }: Place): Engine {
  const { Session } = createRequire(join(peers, 'x.js'))('chdb') as ClickHouse;
  const session = new Session(folder);
  const lines = (sql: string): readonly string[] => session.query(sql, 'TSV').trimEnd().split('\n');
  const columns = COLUMNS.map(({ name, clickHouse }) =>
    clickHouse.includes('CODEC') ? `${name} ${clickHouse}` : `${name} ${clickHouse} CODEC(ZSTD(1))`,
  );
  const indexes = ['source_ip', 'destination_ip'].map(
    (name) => `INDEX of_${name} ${name} TYPE bloom_filter GRANULARITY 1`,
  );
  session.query('CREATE DATABASE bench ENGINE = Atomic', 'TSV');
  session.query(
    `CREATE TABLE bench.flows (${[...columns, ...indexes].join(', ')}) ENGINE = MergeTree
     ORDER BY observed_ns SETTINGS min_bytes_for_wide_part = 0`,
    'TSV',
  );
  session.query(`INSERT INTO bench.flows SELECT * FROM file('${file}', 'TSV')`, 'TSV');
  session.query('OPTIMIZE TABLE bench.flows FINAL', 'TSV');
  session.query('USE bench', 'TSV');
  // Each round asks the same again, which must not be answered from what the last one found.
  session.query('SET use_query_condition_cache = 0', 'TSV');
  const bytes = (where: string): number =>
    Number(
      lines(
        `SELECT sum(column_data_compressed_bytes) FROM system.parts_columns
         WHERE active AND table = 'flows' AND ${where}`,
      )[0],
    ) / flows;
  const minute = `intDiv(observed_ns - ${WITHIN.from}, 60000000000)`;
  return {
    version: lines('SELECT version()')[0] ?? '',
    bytesPerFlow: { columns: bytes('true'), columnsWithoutId: bytes("column != 'id'") },
    ask({ sql }) {
      const answer = session.query(sql.replace('{minute}', minute), 'TSV');
      return Promise.resolve(() => answer.trimEnd().split('\n'));
    },
  };
}

/** The part of `@duckdb/node-api` that is used. */
type DuckDb = {
  readonly DuckDBInstance: {
    create(
      file: string,
      options: Record<string, string>,
    ): Promise<{
      connect(): Promise<{
        run(sql: string): Promise<unknown>;
        runAndReadAll(sql: string): Promise<{ getRows(): readonly (readonly unknown[])[] }>;
      }>;
    }>;
  };
};

async function openDuckDb({ folder, flows, file, peers }: Place): Promise<Engine> {
  const { DuckDBInstance } = createRequire(join(peers, 'x.js'))('@duckdb/node-api') as DuckDb;
  const database = join(folder, 'flows.duckdb');
  const instance = await DuckDBInstance.create(database, {
    storage_compatibility_version: 'latest',
  });
  const connection = await instance.connect();
  const columns = COLUMNS.map(({ name, duckDb }) => `${name} ${duckDb} NOT NULL`);
  await connection.run(`CREATE TABLE flows (${columns.join(', ')})`);
  await connection.run(
    `COPY flows FROM '${file}' (DELIMITER '\t', HEADER false, QUOTE '', ESCAPE '', NULLSTR 'NULL')`,
  );
  await connection.run('CHECKPOINT');
  const minute = `(observed_ns - ${WITHIN.from}) // 60000000000`;
  const ask: Ask = async ({ sql }) => {
    const answer = await connection.runAndReadAll(sql.replace('{minute}', minute));
    return () => answer.getRows().map((row) => row.join('\t'));
  };
  const [version = ''] = (await ask({ sql: 'SELECT version()', ours: { kind: 'sql' } }))();
  return { version, bytesPerFlow: { onDisk: statSync(database).size / flows }, ask };
}

const OPEN = { dropwise: openDropwise, clickhouse: openClickHouse, duckdb: openDuckDb };

const [name = '', place = ''] = process.argv.slice(2);
const { ask, ...loaded } = await OPEN[name as EngineName](JSON.parse(place) as Place);
process.send?.(loaded satisfies Loaded);
process.on('message', (question: Question) => {
  const begun = performance.now();
  void ask(question).then((lines) => {
    const ms = performance.now() - begun;
    process.send?.({ ms, lines: lines() } satisfies Answered);
  });
});
