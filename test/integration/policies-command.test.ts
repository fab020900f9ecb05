import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatTime, nanos } from '../../server/core/time.ts';
import { createLogger } from '../../server/lib/log.ts';
import { openControl } from '../../server/store/control/open-control.ts';
import { runDropwise } from '../support/dropwise.ts';
import { networkPolicy, pod, seen } from '../support/objects.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SECOND = 1_000_000_000n;
/** When everything of these tests was there: after that one policy went. */
const BEGIN = nanos((BigInt(Date.now()) / 3_600_000n) * 3_600n * SECOND - 7_200n * SECOND);
const KIND = 'NetworkPolicy.networking.k8s.io';

/** A data directory as a server leaves it that watched a cluster. */
async function store(directory: string): Promise<void> {
  using control = openControl({ directory, log: createLogger('error') });
  const { objects } = control;
  const span = { source: 'prod', cluster: '', from: BEGIN, until: nanos(BEGIN + 7_000n * SECOND) };
  const present = [
    networkPolicy('web', { ingress: [{}] }),
    networkPolicy('gone'),
    pod('a', '10.0.0.1'),
  ];
  objects.record(
    'prod',
    present.map((manifest) => ({
      ...{ kind: 'present', object: seen(manifest), at: BEGIN, how: 'watched' },
    })),
  );
  const at = nanos(BEGIN + 600n * SECOND);
  objects.record('prod', [{ kind: 'gone', key: seen(networkPolicy('gone')).key, at }]);
  objects.cover(['Pod', KIND].map((kind) => ({ ...span, kind })));
  const start = Number(BEGIN / SECOND);
  const file = join(directory, 'flows.jsonl');
  writeFileSync(
    file,
    JSON.stringify({
      ...{ start_time: start + 60, end_time: start + 120, reporter: 'dst', action: 'allow' },
      ...{ num_flows_started: 3, dest_namespace: 'shop', source_namespace: 'shop' },
      policies: { enforced_policies: ['0|default|knp:shop/web|allow|0'] },
    }),
  );
  expect((await runDropwise(['import', file, '--data', directory])).code).toBe(0);
}

test('policies, one of them, and inventory sources are printed from the data directory alone', async () => {
  await using directory = await temporaryDirectory();
  const { path } = directory;
  await store(path);
  const run = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runDropwise([...args, '--data', path]);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const idsOf = (stdout: string): readonly string[] =>
    stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { id: string }).id);

  expect(idsOf(await run('policies', '-o', 'json'))).toEqual(['NetworkPolicy/shop/web']);
  const asOf = formatTime(nanos(BEGIN + 300n * SECOND));
  expect(idsOf(await run('policies', '--as-of', asOf, '-o', 'json'))).toEqual([
    'NetworkPolicy/shop/web',
    'NetworkPolicy/shop/gone',
  ]);
  expect(idsOf(await run('policies', '--unused', '-o', 'json'))).toEqual([]);
  const table = await run('policies');
  expect(table).toMatch(/shop\/web +NetworkPolicy +default|shop\/web +NetworkPolicy/);
  expect(table).toMatch(/1\/1/);

  const shown = await run('policies', 'show', 'NetworkPolicy/shop/web');
  expect(shown).toContain('NetworkPolicy/shop/web: active.');
  expect(shown).toContain('selects 1 pods:\n  shop/a');
  expect(shown).toMatch(/spec\.ingress\[0\] +allow +hit +3/);
  const json = JSON.parse(
    await run('policies', 'show', 'NetworkPolicy/shop/web', '-o', 'json'),
  ) as object;
  expect(json).toMatchObject({ rules: [{ fate: 'hit' }], versions: [{ how: 'watched' }] });

  expect(await run('sources')).toMatch(/prod .* 1 NetworkPolicy\.networking\.k8s\.io, 1 Pod/);
}, 60_000);

test('a policy that nobody knows, or that is no name, ends with what to write', async () => {
  await using directory = await temporaryDirectory();
  await store(directory.path);
  const data = ['--data', directory.path];
  const unknown = await runDropwise(['policies', 'show', 'NetworkPolicy/shop/none', ...data]);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain('NetworkPolicy/shop/none');
  const wrong = await runDropwise(['policies', 'show', 'web', ...data]);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('KIND/NAMESPACE/NAME');
}, 60_000);
