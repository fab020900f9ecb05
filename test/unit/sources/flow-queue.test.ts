import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Flow } from '../../../server/core/flow.ts';
import { nanos } from '../../../server/core/time.ts';
import { createFlowQueue, SHED_ALLOWED, SHED_DROPS } from '../../../server/sources/flow-queue.ts';
import { aDrop, aFlow } from '../../support/flow.ts';

const never = (): boolean => false;
const idsOf = (flows: readonly Flow[]): readonly string[] => flows.map(({ id }) => id);
const isDrop = ({ verdict }: Flow): boolean => verdict.kind === 'dropped';

test('whatever comes, drops stay as long as they can, order holds and every loss is counted (fault 58)', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.record({ drop: fc.boolean(), node: fc.constantFrom('a', 'b') }))),
      fc.integer({ min: 1, max: 8 }),
      (rounds, limit) => {
        const queue = createFlowQueue({ origin: 'relay', limit, mayBeStored: never });
        for (const round of rounds) {
          const pushed = round.map(({ drop, node }) => (drop ? aDrop({ node }) : aFlow({ node })));
          pushed.forEach(queue.push);
          const { flows, shed } = queue.take();
          const drops = pushed.filter(isDrop).length;
          expect(flows).toHaveLength(Math.min(limit, pushed.length));
          expect(flows.filter(isDrop)).toHaveLength(Math.min(limit, drops));
          expect(idsOf(pushed.filter((flow) => flows.includes(flow)))).toEqual(idsOf(flows));
          const gone = pushed.filter((flow) => !flows.includes(flow));
          for (const [reason, which] of [
            [SHED_ALLOWED, gone.filter((flow) => !isDrop(flow))],
            [SHED_DROPS, gone.filter(isDrop)],
          ] as const) {
            for (const node of ['a', 'b']) {
              const lost = which.filter((flow) => flow.node === node);
              const times = lost.map(({ observedAt }) => observedAt);
              const gap = shed.find((one) => one.reason === reason && one.node === node);
              expect(gap?.count ?? 0n).toBe(BigInt(lost.length));
              expect(gap?.from).toBe(times.at(0));
              if (gap !== undefined) expect(gap.to).toBe((times.at(-1) ?? 0n) + 1n);
            }
          }
        }
      },
    ),
  );
});

test('what staged policies would deny stays as long as a drop', () => {
  const queue = createFlowQueue({ origin: 'relay', limit: 1, mayBeStored: never });
  const policy = { kind: 'StagedNetworkPolicy', namespace: 'shop', name: 'try', tier: 'default' };
  const hit = { policy, direction: 'egress', action: 'deny', stage: 'pending' } as const;
  const staged = aFlow({ hits: [{ ...hit, matched: 'rule', rule: 0 }] });
  queue.push(aFlow());
  queue.push(staged);
  queue.push(aFlow());
  expect(queue.take().flows).toEqual([staged]);
});

test('a flow that may be stored already is neither left out nor makes room', () => {
  const old = nanos(5n);
  const queue = createFlowQueue({
    origin: 'relay',
    limit: 2,
    mayBeStored: ({ observedAt }) => observedAt === old,
  });
  for (let n = 0; n < 4; n += 1) queue.push(aFlow({ observedAt: old }));
  queue.push(aDrop());
  const { flows, shed } = queue.take();
  expect(flows).toHaveLength(4);
  expect(shed).toMatchObject([{ reason: SHED_DROPS, count: 1n }]);
});
