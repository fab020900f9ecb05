/**
 * Run as a process of its own: opens the store in the directory it is told and appends batches until it is
 * killed. Batch by batch the checkpoint says how many flows there should be. Prints a line once it is open and
 * one after each commit.
 */
import type { Checkpoint, Flow } from '../../server/core/flow.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { aDrop, aFlow, batchOf } from './flow.ts';

/** Every flow counts one hit, so that the roll-up can be compared with the rows. */
const hits = (action: 'allow' | 'deny'): Flow['hits'] => [
  {
    policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'web', tier: '' },
    direction: 'ingress',
    action,
    stage: 'enforced',
    matched: 'policy',
    rule: -1,
  },
];

const directory = process.argv[2] ?? '';
const store = await openSqliteStore({ directory, blockRows: 200, fanIn: 3 });
process.stdout.write('open\n');
const gap = { kind: 'lost', origin: 'test', node: '', reason: 'HUBBLE_RING_BUFFER' } as const;
for (let size = 1; ; size = (size % 23) + 1) {
  const flows = Array.from({ length: size }, (_, row) =>
    row % 4 === 0
      ? aDrop({ event: 'policy-verdict', direction: 'ingress', hits: hits('deny') })
      : aFlow({ event: 'policy-verdict', direction: 'ingress', hits: hits('allow') }),
  );
  const [first, last] = [flows[0]!.observedAt, flows.at(-1)!.observedAt];
  await store.append(
    batchOf(flows, {
      gaps: [{ ...gap, from: first, to: last, count: BigInt(size) }],
      rejected: [{ reason: 'not-json', count: size, sample: '' }],
      checkpoint: String(store.head() + size) as Checkpoint,
    }),
  );
  process.stdout.write(`${store.head()}\n`);
}
