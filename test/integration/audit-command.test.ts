import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nanos } from '../../server/core/time.ts';
import { createLogger } from '../../server/lib/log.ts';
import type { AuditJson } from '../../server/operations/audit/audit-shapes.ts';
import { openControl } from '../../server/store/control/open-control.ts';
import { runDropwise } from '../support/dropwise.ts';
import { networkPolicy, pod, seen } from '../support/objects.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SAMPLE = join(import.meta.dirname, '../fixtures/simulate/sample.ndjson');
const SECOND = 1_000_000_000n;
const HOUR = 3_600n;
/** Nine days ago: what was recorded began then. */
const BEGIN = BigInt(Date.now()) / 1_000n - 9n * 24n * HOUR;

const KINDS = ['Pod', 'CronJob.batch', 'Job.batch', 'NetworkPolicy.networking.k8s.io'];

/** A data directory as a server leaves it, with eight days of flows and the inventory of a cluster. */
async function fill(directory: string): Promise<void> {
  using control = openControl({ directory, log: createLogger('error') });
  const { objects } = control;
  const at = nanos(BEGIN * SECOND);
  const present = [
    networkPolicy('db', {
      podSelector: { matchLabels: { app: 'db' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
    }),
    pod('web-0', '10.0.0.1', { app: 'web' }),
    pod('db-0', '10.0.0.2', { app: 'db' }),
    {
      ...{ apiVersion: 'batch/v1', kind: 'CronJob' },
      metadata: { name: 'report', namespace: 'shop' },
      spec: { schedule: '0 2 1 * *' },
    },
  ];
  objects.record(
    'prod',
    present.map((manifest) => ({
      ...{ kind: 'present', object: seen(manifest), at, how: 'watched' },
    })),
  );
  const span = {
    source: 'prod',
    cluster: '',
    from: at,
    until: nanos(BigInt(Date.now()) * 1_000_000n),
  };
  objects.cover(KINDS.map((kind) => ({ ...span, kind })));
  const file = join(directory, 'flows.jsonl');
  const line = (hours: number, port: number): string =>
    JSON.stringify({
      ...{
        start_time: Number(BEGIN) + hours * 3_600,
        end_time: Number(BEGIN) + hours * 3_600 + 15,
      },
      ...{ reporter: 'dst', action: 'allow', proto: 'tcp', num_flows_started: 3 },
      ...{ source_type: 'wep', source_namespace: 'shop', source_name: 'web-0' },
      ...{
        source_name_aggr: 'web-*',
        source_ip: '10.0.0.1',
        source_labels: { labels: ['app=web'] },
      },
      ...{ dest_type: 'wep', dest_namespace: 'shop', dest_name: 'db-0', dest_name_aggr: 'db-*' },
      ...{ dest_ip: '10.0.0.2', dest_port: port, dest_labels: { labels: ['app=db'] } },
    });
  writeFileSync(file, [line(1, 5_432), line(2, 5_433), line(193, 5_432)].join('\n'));
  const run = await runDropwise(['import', file, '--data', directory]);
  expect(run.code, run.stderr).toBe(0);
}

test('a store is audited with its inventory, and each gate says what it found', async () => {
  await using directory = await temporaryDirectory();
  await fill(directory.path);
  const run = (...args: readonly string[]) =>
    runDropwise(['audit', 'shop', '--data', directory.path, ...args]);

  const { stdout, stderr, code } = await run('--direction', 'ingress', '-o', 'json');
  expect(code, stderr).toBe(0);
  const audit = JSON.parse(stdout) as AuditJson;
  expect(audit).toMatchObject({
    ...{ ready: false, readiness: 1, edges: { observed: 2, covered: 2 } },
    traffic: { observed: 9, covered: 9 },
  });
  const gates = Object.fromEntries(audit.gates.map(({ id, ...gate }) => [id, gate]));
  expect(gates).toMatchObject({
    window: { passes: true, measured: '8.0 days of flows' },
    // A file was imported: no source was watched.
    coverage: { passes: false, measured: '0.0 % watched' },
    lost: { passes: true },
    policies: { passes: true },
    dns: { passes: true },
    schedule: { passes: false },
  });
  expect(gates['schedule']!.measured).toContain('CronJob shop/report (0 2 1 * *)');

  const table = await run();
  expect(table.stdout).toMatch(/^Not ready: 3 of 6 gates fail; 2 edges would break\n0 of 2 edges/);
  expect(table.stdout).toMatch(/dns +fail +shop: not seen/);
  expect(table.stdout).toMatch(/shop\/web\S* +shop\/db\S* +5432\/tcp .* egress: isolated/);

  const short = await run('--since', '36h', '-o', 'json');
  const [window] = (JSON.parse(short.stdout) as AuditJson).gates;
  expect(window).toMatchObject({ id: 'window', passes: false });
}, 60_000);

test('a sample is audited without a store, and what it does not say is not known', async () => {
  const run = await runDropwise(['audit', 'shop', '--flows', SAMPLE]);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(run.stdout).toMatch(/^Not ready: /);
  expect(run.stdout).toMatch(/coverage +fail +not known +a sample does not keep it/);
  expect(run.stdout).toMatch(/shop\/frontend +auth\/login .* team storefront → team identity/);
  const again = await runDropwise(['audit', 'shop', '--flows', SAMPLE], { TZ: 'Asia/Kathmandu' });
  expect(again.stdout).toBe(run.stdout);

  const nobody = await runDropwise(['audit', 'nowhere', '--flows', SAMPLE]);
  expect(nobody.code).not.toBe(0);
  expect(nobody.stderr).toContain('no connection of nowhere was recorded');
  const both = await runDropwise(['audit', 'shop', '--flows', SAMPLE, '--since', '7d']);
  expect(both.stderr).toContain('--since');
}, 60_000);
