import { expect, test } from 'vitest';
import type { RecordedFlow } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { similarDrops } from '../../server/operations/why/history.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { aDrop, batchOf } from '../support/flow.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('similar drops are counted as drop groups are: a verdict and the drop of its packet are one', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  const verdict = aDrop({ event: 'policy-verdict' });
  const drop = aDrop({ event: 'drop', observedAt: nanos(verdict.observedAt + 40_000n) });
  const later = aDrop({
    ...{ event: 'policy-verdict', sourcePort: verdict.sourcePort + 1 },
    observedAt: nanos(verdict.observedAt + 5_000_000_000n),
  });
  await store.append(batchOf([verdict, drop, later]));
  const flow = (await store.find(1)) as RecordedFlow;
  const counts = (await similarDrops(flow, { reader: store })).map(({ label, count }) => [
    label,
    count,
  ]);
  expect(counts).toEqual([
    ['same ends and port', 2],
    ['same destination', 2],
    ['same source', 2],
  ]);
});
