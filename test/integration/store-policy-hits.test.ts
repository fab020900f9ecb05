import { expect, test } from 'vitest';
import type { Flow, PolicyHit } from '../../server/core/flow.ts';
import { NO_HIT_SERIES } from '../../server/core/hit-series.ts';
import { nanos } from '../../server/core/time.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { allBefore } from '../support/flow-stores.ts';

const MINUTE = 60_000_000_000n;
const START = nanos(29_500_000n * MINUTE);

const hit = (differences: Partial<PolicyHit> = {}): PolicyHit => ({
  policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'web', tier: '' },
  direction: 'ingress',
  action: 'allow',
  stage: 'enforced',
  matched: 'rule',
  rule: 0,
  ...differences,
});

const columnOf = (...counts: readonly number[]): Float64Array => new Float64Array(counts);

const DROPPED = { verdict: { kind: 'dropped', reason: 'POLICY_DENY' } } as const;

const at = (seconds: number, ...hits: PolicyHit[]): Flow =>
  aFlow({
    event: 'policy-verdict',
    direction: 'ingress',
    hits,
    ...(hits.some(({ action }) => action === 'deny') && DROPPED),
    observedAt: nanos(START + BigInt(seconds) * 1_000_000_000n),
  });

test('hits are summed by policy, direction and rule, over sources, with first, last and series', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  await store.append(batchOf([at(5, hit()), at(61, hit()), at(62, hit({ rule: 1 }))]));
  await store.append(
    batchOf([at(1, hit()), at(179, hit({ action: 'deny' }))], { origin: 'other' }),
  );
  const within = { from: START, to: nanos(START + 3n * MINUTE) };
  const rows = await store.policyHits({ within, buckets: 3 });
  const zero = { allowed: 0, denied: 0, passed: 0, staged: 0 };
  expect(rows).toEqual([
    {
      policy: hit().policy,
      direction: 'ingress',
      rule: 0,
      totals: { ...zero, allowed: 3, denied: 1 },
      firstHit: START + 1_000_000_000n,
      lastHit: START + 179_000_000_000n,
      series: { ...NO_HIT_SERIES, allowed: columnOf(2, 1, 0), denied: columnOf(0, 0, 1) },
    },
    expect.objectContaining({
      ...{ rule: 1, totals: { ...zero, allowed: 1 } },
      series: { ...NO_HIT_SERIES, allowed: columnOf(0, 1, 0) },
    }),
  ]);
});

test('a window that cuts a minute counts it whole; others stay out', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  await store.append(batchOf([at(1, hit()), at(119, hit()), at(120, hit())]));
  const within = { from: nanos(START + 30_000_000_000n), to: nanos(START + 90_000_000_000n) };
  const [row] = await store.policyHits({ within, buckets: 2 });
  expect(row?.totals.allowed).toBe(2);
  expect(row?.series.allowed).toEqual(columnOf(1, 1));
});

test('pruning forgets minutes that ended, and keeps those of flows that are kept', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  const flows = [at(10, hit()), at(70, hit()), at(130, hit())];
  for (const flow of flows) {
    await store.append(batchOf([{ ...flow, receivedAt: flow.observedAt }]));
  }
  await store.prune(allBefore(nanos(START + 71_000_000_000n)));
  const within = { from: START, to: nanos(START + 3n * MINUTE) };
  const [row] = await store.policyHits({ within, buckets: 1 });
  expect(row?.totals.allowed).toBe(2);
});
