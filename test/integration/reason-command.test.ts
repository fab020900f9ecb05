import { describe, expect, test } from 'vitest';
import { DROP_REASONS } from '../../server/core/drop-reasons.ts';
import { runDropwise } from '../support/dropwise.ts';

describe('dropwise reason', () => {
  test.each(['155', 'CT_MAP_INSERTION_FAILED', 'ct-map-insertion-failed'])(
    '%s says what it means and what to run',
    async (name) => {
      const { code, stdout } = await runDropwise(['reason', name]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^## 155 CT_MAP_INSERTION_FAILED\n/);
      expect(stdout).toContain('**Policy?** No.');
      expect(stdout).toContain('bpf ct list');
    },
  );

  test('lists the reasons, and prints one object for each', async () => {
    const list = (await runDropwise(['reason'])).stdout.trim().split('\n');
    expect(list).toHaveLength(DROP_REASONS.length + 1);
    const objects = (await runDropwise(['reason', '-o', 'json'])).stdout.trim().split('\n');
    expect(objects.map((line) => (JSON.parse(line) as { code: string }).code)).toEqual(
      DROP_REASONS.map(({ code }) => code),
    );
  });

  test('a number newer than this program is a reason that is not known', async () => {
    const { code, stdout } = await runDropwise(['reason', '250', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ code: '250', category: 'unknown' });
  });

  test('a mistyped name is refused, with the one that was meant', async () => {
    const { code, stderr } = await runDropwise(['reason', 'policy_denyed']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('did you mean POLICY_DENIED?');
    expect(stderr).not.toContain('    at ');
  });
});
