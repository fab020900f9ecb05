import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { FlowJson } from '../../server/formats/flow-json.ts';
import type { ImportedFile } from '../../server/operations/import-files.ts';
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
    return verdict === 1 ? 'FORWARDED' : String(verdict as string | number);
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

describe('dropwise import', () => {
  test('there are samples', () => {
    expect(FILES.length).toBeGreaterThan(35);
  });

  test.each(FILES)(
    '%s: no flow is lost, and every other line is counted with a reason',
    async (file) => {
      await using directory = await temporaryDirectory();
      const lines = readFileSync(SAMPLES + file, 'latin1')
        .split('\n')
        .filter((line) => line.trim() !== '');
      const expected = lines.flatMap((line) => verdictOf(line) ?? []);

      const imported = await runDropwise([
        'import',
        SAMPLES + file,
        '--data',
        directory.path,
        '-o',
        'json',
      ]);
      expect(imported).toMatchObject({ code: 0, stderr: '' });
      const report = JSON.parse(imported.stdout) as ImportedFile;
      const printed = await runDropwise([
        'flows',
        '--since',
        'all',
        '--data',
        directory.path,
        '-o',
        'json',
      ]);
      const flows = printed.stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as FlowJson);

      expect(tally(flows.map((flow) => flow.wireVerdict))).toEqual(tally(expected));
      expect(report.flows).toBe(expected.length);
      const rejected = report.rejected.reduce((sum, { count }) => sum + count, 0);
      const others = lines.length - expected.length - report.gaps;
      expect({
        rejected: rejected >= others,
        reasons: report.rejected.every(({ reason }) => reason !== ''),
      }).toEqual({
        rejected: true,
        reasons: true,
      });
    },
  );

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
