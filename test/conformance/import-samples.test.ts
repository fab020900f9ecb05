import { globSync, readFileSync } from 'node:fs';
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
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    const reports = jsonLines(imported.stdout) as ImportedFile[];
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
    expect(JSON.parse(second.stdout)).toMatchObject({ flows: 0, repeated: 46 });
  });

  test('a file that is not there is named, with exit code 1', async () => {
    await using directory = await temporaryDirectory();
    const missing = await runDropwise(['import', '/no/such/file', '--data', directory.path]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('/no/such/file');
  });
});
