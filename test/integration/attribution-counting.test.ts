import { describe, expect, test } from 'vitest';
import { nanos } from '../../server/core/time.ts';
import { readEvaluated } from '../../server/store/control/read-evaluated.ts';
import {
  admitted,
  DAY,
  denied,
  ISOLATING,
  openAttributionWorld,
  PODS,
  put,
  WORLD,
} from '../support/attribution-world.ts';
import { aFlow } from '../support/flow.ts';
import { clock, podOf, type Step } from '../support/why-world.ts';

describe('time', () => {
  const edit = (at: string): Step => ({ at: clock(at), put: ISOLATING });

  test('flows that come late are counted in the minute in which they were seen, by the policies of then', async () => {
    await using world = await openAttributionWorld({ steps: [put(...PODS), edit('10:00:00')] });
    await world.tell(denied('12:00:00'));
    await world.step();
    await world.tell(denied('10:30:10'), denied('09:00:00'));
    await world.tell(
      denied('12:00:50', { observedAt: nanos(clock('12:00:00') - 40n * 86_400_000_000_000n) }),
    );
    await world.step();
    using evaluated = readEvaluated(world.directory);
    const within = { from: clock('10:30:00'), to: clock('10:31:00') };
    const hits = evaluated.read({ within, buckets: 1 });
    expect(hits.find(({ rule }) => rule === '')?.totals.denied).toBe(1);
    expect(world.lines()).toContain('shop/default-deny ingress whole denied 2 shared 2');
    expect(world.lines()).toContain('nobody ingress conflict denied 1');
    const early = evaluated.read({ within: { from: nanos(0n), to: DAY.from }, buckets: 1 });
    expect(early).toMatchObject([{ rule: 'no-snapshot', totals: { denied: 1 } }]);
  });

  test('a policy that is edited in the middle of a step decides from then on, and the minute between is nobody’s', async () => {
    await using world = await openAttributionWorld({ steps: [put(...PODS), edit('12:01:30')] });
    await world.tell(
      ...['12:00:10', '12:01:20', '12:01:40', '12:02:10', '12:05:00'].map((at) => denied(at)),
    );
    await world.step();
    expect(world.lines()).toEqual([
      'nobody ingress changed denied 2',
      'nobody ingress conflict denied 1',
      'shop/default-deny ingress default denied 2 shared 2',
      'shop/default-deny ingress whole denied 2 shared 2',
      'shop/redis-from-web ingress default denied 2 shared 2',
      'shop/redis-from-web ingress whole denied 2 shared 2',
    ]);
  });

  test('a change that does not matter leaves nothing open', async () => {
    const more = podOf('shop/other-0', '10.0.0.8', { app: 'other' });
    const step: Step = { at: clock('12:00:30'), put: [more] };
    await using world = await openAttributionWorld({ steps: [...WORLD.steps, step] });
    await world.tell(denied('12:00:10'), denied('12:00:40'));
    await world.step();
    expect(world.lines()).toContain('shop/default-deny ingress whole denied 2 shared 2');
  });
});

describe('counting', () => {
  test('a step that ends between reading and writing counts once', async () => {
    await using world = await openAttributionWorld(WORLD);
    await world.tell(denied('12:00:01'), denied('12:00:02'));
    // Read, and killed before anything was written.
    const lost = await world.weigh({});
    expect(lost.cells.length).toBeGreaterThan(0);
    await world.step();
    const mark = world.control.evaluated.mark();
    expect(mark?.seq).toBe(2);
    // What another one found of the same flows comes too late.
    const after = { after: 0, cells: lost.cells, mark: mark! };
    expect(world.control.evaluated.add(after)).toBe(false);
    await world.step();
    expect(world.lines()).toContain('shop/default-deny ingress whole denied 2 shared 2');
  });

  test('a store that has fewer flows than were evaluated is followed from its end, and counts nothing twice', async () => {
    await using world = await openAttributionWorld(WORLD);
    await world.tell(denied('12:00:01'));
    await world.step();
    const mark = world.control.evaluated.mark()!;
    world.control.evaluated.begin({ ...mark, seq: 1_000 });
    await world.tell(denied('12:00:02'));
    await world.step();
    expect(world.control.evaluated.mark()?.seq).toBe(2);
    await world.tell(denied('12:00:03'));
    await world.step();
    expect(world.lines()).toContain('shop/default-deny ingress whole denied 2 shared 2');
  });

  test('stretches with more connections than are weighed at once are halved until each is whole', async () => {
    await using world = await openAttributionWorld({ ...WORLD, maxRows: 7 });
    const ports = Array.from({ length: 60 }, (_, index) => index + 1);
    await world.tell(...ports.map((port) => denied('12:00:01', { destinationPort: port })));
    await world.step();
    expect(world.lines()).toContain('shop/default-deny ingress whole denied 60 shared 60');
    expect(world.attribution.progress()).toMatchObject({ behind: 0 });
  });

  test('counters are those of weighing all flows again, and outlive the flows', async () => {
    await using world = await openAttributionWorld(WORLD);
    for (let batch = 0; batch < 12; batch++) {
      const at = (second: number): string => `12:${String(batch).padStart(2, '0')}:${second}`;
      await world.tell(denied(at(10)), admitted(at(20)), denied(at(30)), aFlow());
      if (batch % 5 === 0) await world.step();
    }
    await world.step();
    const kept = world.rows();
    const again = await world.weigh({});
    const recount = new Map<string, number>();
    for (const { policy, direction, rule, allowed: a, denied: d } of again.cells) {
      const key = JSON.stringify([policy.name, direction, rule]);
      recount.set(key, (recount.get(key) ?? 0) + a + d);
    }
    expect(
      new Map(
        kept.map(({ policy, direction, rule, totals }) => [
          JSON.stringify([policy.name, direction, rule]),
          totals.allowed + totals.denied,
        ]),
      ),
    ).toEqual(recount);
  });
});
