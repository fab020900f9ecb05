import { expect, test } from 'vitest';
import { NO_HIT_SERIES } from '../../../server/core/hit-series.ts';
import { nanos, type EpochNanos } from '../../../server/core/time.ts';
import { createHitHistory } from '../../../server/operations/policies/hit-history.ts';
import { refText } from '../../../server/operations/policies/policy-names.ts';
import type { PolicyHitQuery, PolicyHitRow } from '../../../server/store/flow-store.ts';

const DAY = 86_400_000_000_000n;
const at = (day: number): EpochNanos => nanos(BigInt(Math.round(day * 1_000)) * (DAY / 1_000n));
const totals = { allowed: 1, denied: 0, passed: 0, staged: 0 };

const hitOf = (name: string, day: number): PolicyHitRow => ({
  policy: { kind: 'NetworkPolicy', namespace: 'shop', name, tier: '' },
  ...{ direction: 'ingress', rule: 0, totals, series: NO_HIT_SERIES },
  ...{ firstHit: at(day), lastHit: at(day) },
});

const keyOf = (name: string): string => refText(hitOf(name, 0).policy);

/** A store that holds these hits; each question takes `ms` of the clock that it keeps. */
function storeOf(hits: readonly PolicyHitRow[], ms: number) {
  let now = 0;
  const asked: PolicyHitQuery['within'][] = [];
  return {
    asked,
    nowMs: () => now,
    policyHits: ({ within }: PolicyHitQuery): Promise<readonly PolicyHitRow[]> => {
      asked.push(within);
      now += ms;
      return Promise.resolve(
        hits.filter(({ lastHit }) => lastHit >= within.from && lastHit < within.to),
      );
    },
  };
}

test('the last hit of each policy is found wherever it lies in the window, and none before it', async () => {
  const hits = [hitOf('web', 99.5), hitOf('web', 50), hitOf('db', 42), hitOf('old', 5)];
  const store = storeOf(hits, 1);
  const { last, lookedFrom } = await createHitHistory(store, store).lastHits({
    ...{ from: at(10.5), to: at(100.25) },
  });
  expect(last).toEqual(
    new Map([
      [keyOf('web'), at(99.5)],
      [keyOf('db'), at(42)],
    ]),
  );
  expect(lookedFrom).toBe(at(10.5));
});

test('a long search says how far it came, and the next one goes on from there', async () => {
  const store = storeOf([hitOf('db', 42)], 500);
  const history = createHitHistory(store, store);
  const window = { from: at(40), to: at(46.5) };
  const first = await history.lastHits(window);
  expect(first.last.size).toBe(0);
  expect(first.lookedFrom).toBeGreaterThan(window.from);
  const before = store.asked.length;
  let found = first;
  while (found.lookedFrom > window.from) found = await history.lastHits(window);
  expect(found.last.get(keyOf('db'))).toBe(at(42));
  // Days that are over are asked for once; today's again with each list.
  const days = store.asked.slice(before).filter(({ to }) => to - at(46) < 0n || to === at(46));
  expect(new Set(days.map(({ from }) => from)).size).toBe(days.length);
});
