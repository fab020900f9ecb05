import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDemoCluster } from '../../server/demo/demo-cluster.ts';
import { systemClock } from '../../server/lib/clock.ts';
import type { SourceReport } from '../../server/sources/flow-source.ts';
import { goldmane } from '../../server/sources/goldmane.ts';
import { eventually } from '../support/eventually.ts';
import { storeSource } from '../support/stored-source.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test("the demo's Goldmane tells its last hour over mutual TLS, and its statistics agree with it", async () => {
  await using directory = await temporaryDirectory();
  await using demo = await openDemoCluster({
    seed: 1,
    calicoDirectory: join(directory.path, 'calico'),
    backfillMinutes: 1,
  });
  const { address, certificates, serverName } = demo.goldmane;
  const tls = { ca: certificates.ca, ...certificates.client, serverName };
  const reports: SourceReport[] = [];
  await using reading = await storeSource(join(directory.path, 'store'), (report) =>
    goldmane({
      ...{ name: 'dev', address, tls, clock: systemClock(), settleMs: 100, statisticsMs: 300 },
      report: (told) => {
        reports.push(told);
        report(told);
      },
    }),
  );
  await eventually(async () => expect(await reading.stored()).toBeGreaterThan(1_000));
  // A report when it opened, and one after each comparison.
  await eventually(() => expect(reports.length).toBeGreaterThan(4));
  expect(reading.status()).toMatchObject({ state: 'reading', detail: '' });
  const hits = (await reading.hits()).map((text) => text.replace(/: .*/, ''));
  expect(hits).toEqual([
    'allow-dns egress 0',
    'allow-dns egress 1',
    'block-bad-networks egress 0',
    'block-bad-networks egress 1',
  ]);
  const [origin] = await reading.store.origins();
  expect(origin?.byVerdict.dropped).toBeGreaterThan(0);
});
