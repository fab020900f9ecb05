import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatTime, nanos } from '../../server/core/time.ts';
import { systemClock } from '../../server/lib/clock.ts';
import { readQuery, readRange } from '../../server/operations/read-request.ts';
import { FLOW_SQL_COLUMNS } from '../../server/store/sqlite/flow-columns.ts';
import { openSql, type SqlSession } from '../../server/store/sqlite/flows-table.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { runDropwise, serveDropwise } from '../support/dropwise.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';
import { appendAll, someFlows } from '../support/flow-stores.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const MAIN = new URL('../../server/main.ts', import.meta.url).pathname;
const SAMPLES = new URL('../fixtures/samples/', import.meta.url).pathname;
const docs = readFileSync(new URL('../../docs/sql.md', import.meta.url), 'utf8');

const open = (directory: string): SqlSession =>
  openSql({
    directory,
    readSpan: (text) => readRange(text, systemClock()),
    readQuery: (text) => readQuery(text).where,
  });

const all = (session: SqlSession, sql: string) => [...session.query(sql).rows];

describe('SQL over a store that is being written', () => {
  test('flows has every flow once, whatever was merged, and none that came later', async () => {
    await using directory = await temporaryDirectory();
    await using store = await openSqliteStore({
      directory: directory.path,
      blockRows: 24,
      fanIn: 3,
    });
    const flows = await appendAll(
      store,
      Array.from({ length: 40 }, () => someFlows(7)),
    );
    using session = open(directory.path);
    await appendAll(store, [someFlows(30)]);
    expect(all(session, 'SELECT seq, id, observed_ns, verdict FROM flows')).toEqual(
      flows.map(({ seq, id, observedAt, verdict }) => [BigInt(seq), id, observedAt, verdict.kind]),
    );
    expect(all(session, 'SELECT count(*) FROM flows')).toEqual([[280n]]);
    const drops = flows.filter(({ verdict }) => verdict.kind === 'dropped');
    const begin = formatTime(drops[5]?.observedAt ?? nanos(0n));
    const later = all(
      session,
      `SELECT count(*) FROM flows WHERE verdict = 'dropped' AND observed_ns >= ns('${begin}')`,
    );
    expect(later).toEqual([[BigInt(drops.length - 5)]]);
    const span = `${begin}..2262-01-01T00:00:00Z`;
    expect(all(session, `SELECT count(*) FROM flows('${span}', 'verdict:dropped')`)).toEqual(later);
    expect(all(session, "SELECT count(*) FROM flows('all', 'verdict:dropped')")).toEqual([
      [BigInt(drops.length)],
    ]);
  });

  test('what a record does not say is NULL for numbers and empty for text', async () => {
    await using directory = await temporaryDirectory();
    await using store = await openSqliteStore({ directory: directory.path });
    const hit = {
      policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'web', tier: '' },
      direction: 'ingress',
      action: 'deny',
      stage: 'enforced',
      matched: 'rule',
      rule: 2,
    } as const;
    await store.append(batchOf([aFlow({ sourcePort: -1 }), aDrop({ hits: [hit] })]));
    using session = open(directory.path);
    const columns =
      'source_port, bytes_forward, l7_status, policy, reason, json_array_length(hits)';
    expect(all(session, `SELECT ${columns} FROM flows`)).toEqual([
      [null, null, null, '', '', 0n],
      [40_000n, null, null, 'shop/web', 'POLICY_DENIED', 1n],
    ]);
    expect(
      all(
        session,
        'SELECT iso(observed_ns) = observed_at, ns(observed_at) = observed_ns FROM flows',
      ),
    ).toEqual([
      [1n, 1n],
      [1n, 1n],
    ]);
    expect(all(session, 'SELECT a.seq FROM flows a NATURAL JOIN flows b ORDER BY 1')).toEqual([]);
    expect(all(session, 'SELECT a.seq FROM flows a JOIN flows b USING (id)')).toEqual([[1n], [2n]]);
  });

  test.each([
    'DELETE FROM store.gaps',
    'UPDATE store.store SET head = 0',
    'CREATE TABLE other (x)',
    "ATTACH '/tmp/other' AS other",
    "VACUUM store INTO '/tmp/other'",
    'PRAGMA store.journal_mode = DELETE',
    'SELECT 1; DELETE FROM store.gaps',
    'SELECT ?',
    'SELECT nothing FROM flows',
    'SELECT * FROM flows(1)',
  ])('%s is refused, and the store stays as it was', async (sql) => {
    await using directory = await temporaryDirectory();
    await using store = await openSqliteStore({ directory: directory.path });
    await store.append(batchOf([aFlow()]));
    const before = readFileSync(join(directory.path, 'dropwise.sqlite-wal'));
    using session = open(directory.path);
    expect(() => all(session, sql)).toThrow(expect.objectContaining({ code: 'bad-sql' }));
    expect(readFileSync(join(directory.path, 'dropwise.sqlite-wal'))).toEqual(before);
  });

  test('docs/sql.md lists every column of every table, and no other', async () => {
    await using directory = await temporaryDirectory();
    await (await openSqliteStore({ directory: directory.path }))[Symbol.asyncDispose]();
    using session = open(directory.path);
    const named = [...docs.matchAll(/^\| (`.*?`) +\|/gm)].flatMap(
      ([, cell = '']) => cell.match(/\w+/g) ?? [],
    );
    const ofFlows = FLOW_SQL_COLUMNS.map(({ name }) => name);
    const views = ['gaps', 'sources', 'rejections', 'policy_hits'];
    expect(named.toSorted()).toEqual(
      [...ofFlows.filter((name) => !name.startsWith('destination_')), ...views].toSorted(),
    );
    expect(session.query('SELECT * FROM flows').columns).toEqual(ofFlows);
    for (const view of views) {
      const row = new RegExp(`^\\| \`${view}\` +\\| (.*?) +\\|`, 'm').exec(docs)?.[1] ?? '';
      const columns = session.query(`SELECT * FROM ${view}`).columns;
      expect(row).toBe(columns.map((name) => `\`${name}\``).join(', '));
    }
  });
});

describe('dropwise sql', () => {
  test('counts what the HTTP summary counts, beside the server', async () => {
    await using directory = await temporaryDirectory();
    const data = ['--data', directory.path];
    const files = ['hubble/drops.jsonl', 'calico/constructed-flows.jsonl'].map(
      (name) => SAMPLES + name,
    );
    expect((await runDropwise(['import', ...files, ...data])).code).toBe(0);
    await using server = await serveDropwise(['serve', '--port', '0', ...data]);
    const summary = async (params: string): Promise<Record<string, number>> => {
      const response = await fetch(`${server.url}api/v1/summary?t=all&top=1000&${params}`);
      const { rows } = (await response.json()) as { rows: { keys: [string]; records: number }[] };
      return Object.fromEntries(rows.map(({ keys: [key], records }) => [key, records]));
    };
    const sql = async (statement: string): Promise<Record<string, number>> => {
      const { stdout, stderr } = await runDropwise(['sql', statement, '-o', 'json', ...data]);
      expect(stderr).toBe('');
      const rows = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { k: string; n: number });
      return Object.fromEntries(rows.map(({ k, n }) => [k, n]));
    };
    const ports = await sql(
      "SELECT coalesce(destination_port, '') AS k, count(*) AS n FROM flows WHERE verdict = 'dropped' GROUP BY 1",
    );
    expect(Object.keys(ports).length).toBeGreaterThan(1);
    expect(ports).toEqual(await summary('by=port&q=verdict:dropped'));
    expect(
      await sql(
        "SELECT destination_namespace AS k, count(*) AS n FROM flows('all', '-verdict:dropped') GROUP BY 1",
      ),
    ).toEqual(await summary('by=ns&q=-verdict:dropped'));
  });

  test('prints tables, CSV and JSON, and says with exit code 2 what it cannot run', async () => {
    await using directory = await temporaryDirectory();
    const data = ['--data', directory.path];
    {
      await using store = await openSqliteStore({ directory: directory.path });
      await store.append(batchOf([aFlow({ sourceNames: ['=cmd()', 'a,b'] }), aDrop()]));
    }
    const run = (sql: string, output: string) => runDropwise(['sql', sql, '-o', output, ...data]);
    const statement = "SELECT seq, verdict, json_extract(source_fqdns, '$[0]') AS first FROM flows";
    expect((await run(statement, 'csv')).stdout).toBe(
      "seq,verdict,first\r\n1,allowed,'=cmd()\r\n2,dropped,\r\n",
    );
    expect((await run(statement, 'table')).stdout).toBe(
      'SEQ  VERDICT  FIRST\n1    allowed  =cmd()\n2    dropped\n',
    );
    expect(
      (await run('SELECT 1 AS a, 2 AS a, observed_ns FROM flows LIMIT 1', 'json')).stdout,
    ).toMatch(/^\{"a":1,"a:2":2,"observed_ns":"\d{19}"\}\n$/);
    const refused = await run('DELETE FROM flows', 'table');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('dropwise: The statement cannot be run');
    expect((await runDropwise(['sql', 'SELECT 1', '--data', '/no/such'])).code).toBe(1);
  });

  test('a statement without end ends when its reader goes', async () => {
    await using directory = await temporaryDirectory();
    await (await openSqliteStore({ directory: directory.path }))[Symbol.asyncDispose]();
    const sql = 'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n';
    const child = spawn(
      process.execPath,
      [MAIN, 'sql', sql, '-o', 'csv', '--data', directory.path],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    try {
      await once(child.stdout, 'data');
      child.stdout.destroy();
      const [code] = (await once(child, 'exit')) as [number | null];
      expect(code).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
