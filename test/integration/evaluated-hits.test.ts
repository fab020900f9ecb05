import { expect, test } from 'vitest';
import { nanos } from '../../server/core/time.ts';
import { createLogger } from '../../server/lib/log.ts';
import {
  NOBODY,
  type EvaluatedCell,
  type EvaluatedStep,
} from '../../server/store/control/evaluated-hits.ts';
import { openControl } from '../../server/store/control/open-control.ts';
import { readEvaluated } from '../../server/store/control/read-evaluated.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const log = createLogger('silent');
const MINUTE = 60_000_000_000n;
/** The first minute of an hour. */
const FIRST = 29_000_040;
const time = (minute: number) => nanos(BigInt(minute) * MINUTE);

/** Numbers that look random and are the same each time. */
function numbers(): (below: number) => number {
  let state = 7;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

function randomCells(count: number, below: (limit: number) => number): readonly EvaluatedCell[] {
  return Array.from({ length: count }, () => {
    const minute = FIRST + below(200);
    const at = nanos(time(minute) + BigInt(below(60)) * 1_000_000_000n);
    return {
      policy: below(5) === 0 ? NOBODY : { ...NOBODY, kind: 'NetworkPolicy', name: `p${below(3)}` },
      direction: below(2) === 0 ? ('ingress' as const) : ('egress' as const),
      rule: ['', 'default', 'spec.ingress[0]'][below(3)] ?? '',
      named: below(4) === 0,
      ...{ minute, firstAt: at, lastAt: at },
      ...{
        allowed: below(300),
        denied: below(2) * 5_000_000_000,
        staged: below(2),
        shared: below(9),
      },
    };
  });
}

const step = (after: number, seq: number, cells: readonly EvaluatedCell[]): EvaluatedStep => ({
  ...{ after, cells },
  mark: { seq, since: time(1), until: time(FIRST), verdictsOf: ['east'] },
});

const keyOf = ({ policy, direction, rule, named }: EvaluatedCell): string =>
  JSON.stringify([policy, direction, rule, named]);

test('any range in any number of parts adds up to what was counted in its minutes, at each reading', async () => {
  await using directory = await temporaryDirectory();
  const below = numbers();
  const all: EvaluatedCell[] = [];
  {
    using control = openControl({ directory: directory.path, log });
    control.evaluated.begin(step(0, 0, []).mark);
    for (let seq = 0; seq < 12; seq++) {
      const cells = randomCells(80, below);
      all.push(...cells);
      expect(control.evaluated.add(step(seq, seq + 1, cells))).toBe(true);
    }
  }
  using evaluated = readEvaluated(directory.path);
  expect(evaluated.mark()).toEqual(step(0, 12, []).mark);
  for (let round = 0; round < 60; round++) {
    const from = FIRST - 5 + below(210);
    const to = from + 1 + below(210);
    const buckets = 1 + below(Math.min(7, to - from));
    const within = { from: time(from), to: time(to) };
    const inside = all.filter(({ minute }) => minute >= from && minute < to);
    const rows = evaluated.read({ within, buckets });
    const expected = Map.groupBy(inside, keyOf);
    expect(rows.length).toBe(expected.size);
    for (const row of rows) {
      const { policy, direction, rule, named } = row;
      const own = expected.get(JSON.stringify([policy, direction, rule, named])) ?? [];
      const sum = (kind: 'allowed' | 'denied' | 'staged' | 'shared'): number =>
        own.reduce((total, cell) => total + cell[kind], 0);
      expect(row.totals).toEqual({
        ...{ allowed: sum('allowed'), denied: sum('denied'), passed: 0, staged: sum('staged') },
      });
      expect(row.shared).toBe(sum('shared'));
      for (const kind of ['allowed', 'denied', 'staged'] as const)
        expect(row.series[kind].reduce((total, count) => total + count, 0)).toBe(row.totals[kind]);
      const times = own.map(({ firstAt }) => firstAt).toSorted((a, b) => (a < b ? -1 : 1));
      const [first = 0n, last = 0n] = [times[0], times.at(-1)];
      // Exact to the minute, and never outside of what was counted.
      expect(row.firstHit / MINUTE).toBe(first / MINUTE);
      expect(row.lastHit / MINUTE).toBe(last / MINUTE);
      expect(row.lastHit <= last).toBe(true);
    }
    for (const { policy, lastHit } of evaluated.lastHits(within)) {
      const own = inside.filter(
        (cell) =>
          cell.policy.name === policy.name &&
          !cell.named &&
          (cell.rule === '' || policy.name === ''),
      );
      expect(own.some(({ lastAt }) => lastAt / MINUTE === lastHit / MINUTE)).toBe(true);
    }
  }
});

test('what was counted before the mark moved elsewhere is not added, and pruned hours are gone with their rules', async () => {
  await using directory = await temporaryDirectory();
  using control = openControl({ directory: directory.path, log });
  const { evaluated } = control;
  const [cell] = randomCells(1, numbers());
  if (cell === undefined) throw new Error('one cell');
  expect(evaluated.add(step(0, 1, [cell]))).toBe(false);
  evaluated.begin(step(0, 5, []).mark);
  expect(evaluated.add(step(4, 6, [cell]))).toBe(false);
  expect(evaluated.add(step(5, 6, [cell]))).toBe(true);
  expect(evaluated.add(step(5, 6, [cell]))).toBe(false);
  const within = { from: nanos(0n), to: time(FIRST + 1_000) };
  using reader = readEvaluated(directory.path);
  expect(reader.read({ within, buckets: 1 })).toHaveLength(1);
  expect(evaluated.prune(time(cell.minute))).toBe(0);
  expect(evaluated.prune(time(cell.minute + 60))).toBe(1);
  expect(reader.read({ within, buckets: 1 })).toEqual([]);
});

test('a directory without a control database, and later one with it, answers what there is', async () => {
  await using directory = await temporaryDirectory();
  using reader = readEvaluated(directory.path);
  const within = { from: nanos(0n), to: time(FIRST + 1_000) };
  expect([reader.mark(), reader.read({ within, buckets: 3 })]).toEqual([undefined, []]);
  using control = openControl({ directory: directory.path, log });
  control.evaluated.begin(step(0, 0, []).mark);
  control.evaluated.add(step(0, 1, randomCells(3, numbers())));
  expect(reader.mark()?.seq).toBe(1);
  expect(reader.read({ within, buckets: 3 }).length).toBeGreaterThan(0);
});
