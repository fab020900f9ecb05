import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SimulationJson } from '../../server/operations/audit/simulation-json.ts';
import { VERSION } from '../../server/version.ts';
import { runDropwise } from '../support/dropwise.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/simulate');
const ASKED = ['simulate', '--flows', 'sample.ndjson', '--policies', 'policies'];
const ACCEPTED = [...ASKED, '--accept', 'accepted.yaml'];

/** A directory with a sample and manifests and nothing else. */
async function cleanDirectory() {
  const directory = await temporaryDirectory();
  for (const name of ['sample.ndjson', 'policies', 'accepted.yaml'])
    cpSync(join(FIXTURES, name), join(directory.path, name), { recursive: true });
  return directory;
}

const told = (text: string): SimulationJson => JSON.parse(text) as SimulationJson;

describe('dropwise simulate', () => {
  test.each([
    ['table', 'Pacific/Kiritimati'],
    ['json', 'America/St_Johns'],
    ['markdown', 'Asia/Kathmandu'],
    ['sarif', 'UTC'],
    ['junit', 'Pacific/Pago_Pago'],
  ])('prints the same %s wherever it runs, here in %s', async (output, zone) => {
    await using directory = await cleanDirectory();
    const run = await runDropwise([...ACCEPTED, '-o', output], { TZ: zone }, directory.path);
    const expected = readFileSync(join(FIXTURES, `expected.${output}`), 'utf8');
    expect(run.stdout).toBe(expected.replace('{version}', VERSION));
    expect(run.code).toBe(1);
  });

  test('says of each edge who would deny it, who is accepted, and what is not known', async () => {
    await using directory = await cleanDirectory();
    const run = await runDropwise([...ACCEPTED, '-o', 'json'], {}, directory.path);
    const { edges, counts, expired } = told(run.stdout);
    expect(edges.map(({ outcome, from, to, accepted }) => [outcome, from, to, accepted])).toEqual([
      ['newly-denied', 'shop/catalog', 'shop/postgres', null],
      ['newly-denied', 'shop/checkout', 'kube-system/coredns', null],
      ['newly-denied', 'shop/frontend', 'auth/login', null],
      [
        ...['newly-denied', 'monitoring/prometheus', 'shop/redis'],
        'Scraping of the shop is moved to an exporter.',
      ],
      ['undecided', 'shop/frontend', 'shop/catalog', null],
    ]);
    // What the redis policy allows, and what was dropped on its way when it was recorded.
    expect(counts).toMatchObject({ unchanged: 2, 'newly-allowed': 0, accepted: 1 });
    expect(expired).toEqual(['shop/frontend → auth/login *, until 2020-01-31']);
  });

  test('against the policies that are there nothing changes, and it ends with 0', async () => {
    await using directory = await cleanDirectory();
    const run = await runDropwise(
      [...ASKED, '--base', 'policies', '-o', 'json'],
      {},
      directory.path,
    );
    expect(told(run.stdout).counts).toMatchObject({ unchanged: 7 });
    expect(run.code).toBe(0);
  });

  test.each([
    ['sample.ndjson', '{"format":"dropwise-sample/2"}\n', 'sample.ndjson'],
    ['accepted.yaml', 'accept:\n  - from: a\n    to: b\n', 'accepted.yaml:2: accept.0.until'],
  ])('%s that cannot be used is named with its line', async (file, text, where) => {
    await using directory = await cleanDirectory();
    writeFileSync(join(directory.path, file), text);
    const run = await runDropwise(ACCEPTED, {}, directory.path);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(where);
    expect(run.stdout).toBe('');
  });

  test('a line of a sample that is damaged is named', async () => {
    await using directory = await cleanDirectory();
    const path = join(directory.path, 'sample.ndjson');
    const lines = readFileSync(path, 'utf8').split('\n');
    lines[20] = (lines[20] ?? '').replace('"policy-verdict"', '"policy-guess"');
    writeFileSync(path, lines.join('\n'));
    const run = await runDropwise(ASKED, {}, directory.path);
    expect(run.stderr).toContain('sample.ndjson:21:');
    expect(run.code).toBe(2);
  });
});

describe('dropwise recommend', () => {
  test('writes policies under which nothing that was recorded is denied', async () => {
    await using directory = await cleanDirectory();
    const run = async (...args: readonly string[]) =>
      runDropwise([...args, '--flows', 'sample.ndjson'], {}, directory.path);
    for (const dialect of ['kubernetes', 'cilium']) {
      const written = await run('recommend', 'shop', '--dialect', dialect, '--out', dialect);
      expect(written).toMatchObject({ code: 0, stderr: '' });
      const simulated = await run('simulate', '--policies', dialect, '-o', 'json');
      expect(told(simulated.stdout).counts).toMatchObject({ 'newly-denied': 0, undecided: 0 });
    }
    const refused = await run('recommend', 'shop', '--dialect', 'calico');
    expect(refused.stderr).toContain('a cluster with cilium enforces no calico policies');
    const redis = readFileSync(join(directory.path, 'kubernetes/shop/redis-allow.yaml'), 'utf8');
    expect(redis).toContain('# shop/cart → shop/redis 6379/tcp: ');
  });
});
