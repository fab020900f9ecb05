import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { importFile, type ImportedFile } from '../../server/operations/import-files.ts';
import { systemClock } from '../../server/lib/clock.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { runDropwise } from '../support/dropwise.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SAMPLES = new URL('../fixtures/samples/', import.meta.url).pathname;
const FILES = globSync('{hubble,calico}/*.{jsonl,log}', { cwd: SAMPLES }).sort();

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseObject(line: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The verdict that a line's flow carries, in the source's words; `undefined` when the line is no flow. */
function verdictOf(line: string): string | undefined {
  const record = parseObject(line);
  if (record === undefined) return undefined;
  const inner = typeof record['log'] === 'string' ? parseObject(record['log']) : record;
  const flow =
    inner?.['flow'] ?? (inner !== undefined && 'event_type' in inner ? inner : undefined);
  if (isObject(flow)) {
    const verdict = flow['verdict'] ?? 'VERDICT_UNKNOWN';
    return verdict === 1
      ? 'FORWARDED'
      : typeof verdict === 'string'
        ? verdict
        : JSON.stringify(verdict);
  }
  const isCalico = 'reporter' in record && 'action' in record && !('value' in record);
  return isCalico && !Number.isNaN(Number(record['start_time'] ?? 0))
    ? String(record['action'])
    : undefined;
}

const tally = (words: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    [...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length]),
  );

/** Lines of valid UTF-8 only: JSON is UTF-8, so other lines are no records. */
function linesOf(path: string): readonly string[] {
  const strict = new TextDecoder('utf-8', { fatal: true });
  return readFileSync(path, 'latin1')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      try {
        return strict.decode(Buffer.from(line, 'latin1'));
      } catch {
        return 'not UTF-8';
      }
    });
}

const jsonLines = (text: string): readonly unknown[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);

describe('dropwise import', () => {
  test('there are samples', () => {
    expect(FILES.length).toBeGreaterThan(35);
  });

  test.each(FILES)(
    '%s: no flow is lost, and every other line is counted with a reason',
    async (file) => {
      const lines = linesOf(SAMPLES + file);
      const expected = lines.flatMap((line) => verdictOf(line) ?? []);
      await using directory = await temporaryDirectory();
      await using store = await openSqliteStore({ directory: directory.path });

      const report = await importFile(store, {
        file: SAMPLES + file,
        clock: systemClock(),
        progress: () => undefined,
        signal: new AbortController().signal,
      });

      const { flows } = await store.page({ where: undefined }, { limit: 1_000, order: 'oldest' });
      expect(tally(flows.map((flow) => flow.wireVerdict))).toEqual(tally(expected));
      expect(report.flows).toBe(expected.length);
      const rejected = report.rejected.reduce((sum, { count }) => sum + count, 0);
      expect(rejected).toBeGreaterThanOrEqual(lines.length - expected.length - report.gaps);
      expect(report.rejected.every(({ reason }) => reason !== '')).toBe(true);
    },
  );

  test('the command reports each file and stores them all', async () => {
    await using directory = await temporaryDirectory();
    const data = ['--data', directory.path, '-o', 'json'];
    const imported = await runDropwise(['import', ...FILES.map((file) => SAMPLES + file), ...data]);
    const reports = jsonLines(imported.stdout) as ImportedFile[];
    const without = reports.filter(({ flows, gaps }) => flows + gaps === 0);
    expect(without.map(({ outcome }) => outcome)).toEqual(without.map(() => 'no-flows'));
    expect(imported.code).toBe(1);
    expect(imported.stderr.split('\n').filter(Boolean)).toHaveLength(without.length);
    expect(reports.map((report) => report.file)).toEqual(FILES.map((file) => SAMPLES + file));
    const printed = await runDropwise(['flows', '--since', 'all', ...data]);
    const flows = jsonLines(printed.stdout);
    expect(flows).toHaveLength(reports.reduce((sum, report) => sum + report.flows, 0));
  });

  test('the same file again adds nothing', async () => {
    await using directory = await temporaryDirectory();
    const args = [
      'import',
      `${SAMPLES}hubble/trace-tcp.jsonl`,
      '--data',
      directory.path,
      '-o',
      'json',
    ];
    const [first, second] = [await runDropwise(args), await runDropwise(args)];
    expect(JSON.parse(first.stdout)).toMatchObject({ flows: 46, repeated: 0 });
    expect(JSON.parse(second.stdout)).toMatchObject({ flows: 0, repeated: 46, outcome: 'known' });
  });

  test('a file compressed or grown since adds only what is new', async () => {
    await using directory = await temporaryDirectory();
    await using store = await openSqliteStore({ directory: `${directory.path}/data` });
    const add = (file: string): Promise<ImportedFile> =>
      importFile(store, {
        file,
        clock: systemClock(),
        progress: () => undefined,
        signal: new AbortController().signal,
      });
    const text = readFileSync(`${SAMPLES}hubble/trace-tcp.jsonl`, 'utf8');
    const path = `${directory.path}/trace.jsonl`;
    writeFileSync(path, text);
    expect(await add(path)).toMatchObject({ flows: 46, repeated: 0 });
    writeFileSync(`${path}.gz`, gzipSync(text));
    expect(await add(`${path}.gz`)).toMatchObject({ flows: 0, repeated: 46 });
    writeFileSync(path, `${text}${text.slice(0, text.indexOf('\n') + 1)}`);
    expect(await add(path)).toMatchObject({ flows: 1, repeated: 46 });
  });

  test('times that no store can hold end no import (fault 68)', async () => {
    await using directory = await temporaryDirectory();
    await using store = await openSqliteStore({ directory: `${directory.path}/data` });
    const zero = '0001-01-01T00:00:00Z';
    const far = '9999-12-31T23:59:59Z';
    const calico = { action: 'allow', reporter: 'src', dest_port: 80 };
    const records = [
      { flow: { time: zero, verdict: 'DROPPED' }, time: zero },
      { flow: { time: far, verdict: 'DROPPED' } },
      { flow: { time: '2262-04-11T23:47:16.854775807Z', verdict: 'DROPPED' } },
      { flow: { time: '2262-04-11T23:47:16.854775806Z', verdict: 'DROPPED' } },
      { flow: { time: '1677-09-21T00:12:43.145224192Z', verdict: 'DROPPED' } },
      { lost_events: { first: zero, last: far, num_events_lost: 3 }, time: far },
      { ...calico, start_time: 1_770_000_000_000_000, end_time: 1_770_000_300_000_000 },
      { ...calico, start_time: zero, end_time: 1_770_000_300 },
      { ...calico, start_time: zero, end_time: far },
    ];
    const file = `${directory.path}/times.jsonl`;
    writeFileSync(file, records.map((record) => JSON.stringify(record)).join('\n'));
    const report = await importFile(store, {
      file,
      clock: systemClock(),
      progress: () => undefined,
      signal: new AbortController().signal,
    });
    expect(report).toMatchObject({
      flows: 7,
      gaps: 1,
      rejected: [{ reason: 'Calico line with times outside 1970 to 2262', count: 1 }],
    });
  });

  test('files that are not there or hold no flow are named, with exit code 1, and the others are stored', async () => {
    await using directory = await temporaryDirectory();
    const notes = `${directory.path}/notes.txt`;
    writeFileSync(notes, 'one\ntwo\n');
    const files = ['/no/such/file', notes, `${SAMPLES}hubble/trace-tcp.jsonl`];
    const args = ['import', ...files, '--data', `${directory.path}/data`];
    const { code, stderr, stdout } = await runDropwise(args);
    expect(code).toBe(1);
    const [missing, without] = stderr.split('\n');
    expect(missing).toMatch(
      /^dropwise: The file cannot be read: \/no\/such\/file does not exist; /,
    );
    expect(without).toContain(`${notes}: no flow record found; 2 lines rejected: 2 not JSON.`);
    expect(without).toContain('Hubble JSON lines');
    expect(stdout).toMatch(/trace-tcp\.jsonl .* 46 /);
  });

  test('an empty file is no failure, and is called empty', async () => {
    await using directory = await temporaryDirectory();
    const empty = `${directory.path}/empty.log`;
    writeFileSync(empty, '');
    const args = ['import', empty, '--data', `${directory.path}/data`];
    const { code, stdout } = await runDropwise(args);
    expect(code).toBe(0);
    expect(stdout).toContain('empty: 0 flows');
  });
});
