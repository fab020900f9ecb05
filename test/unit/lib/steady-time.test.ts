import { describe, expect, test } from 'vitest';
import { createSteadyTime, type SteadyTime } from '../../../server/lib/steady-time.ts';

const SECOND = 1_000_000_000n;
const HOUR = 3_600n * SECOND;
const DAY = 24n * HOUR;
const NOW = BigInt(Date.parse('2026-11-23T10:00:00Z')) * 1_000_000n;
const IN_2106 = BigInt(Date.parse('2106-02-07T06:28:15Z')) * 1_000_000n;

type World = { readonly time: SteadyTime; pass(nanos: bigint): void; set(wall: bigint): void };

function worldAt(wallAtStart: bigint, lastKnown: bigint | undefined): World {
  let [wall, ticks] = [wallAtStart, 77n * SECOND];
  return {
    time: createSteadyTime({ wall: () => wall, ticks: () => ticks, lastKnown }),
    pass: (nanos) => {
      wall += nanos;
      ticks += nanos;
    },
    set: (time) => (wall = time),
  };
}

describe('the time by which flows are deleted, when the clock jumps (fault 68)', () => {
  test('follows the clock while nobody sets it, and its small corrections', () => {
    const world = worldAt(NOW, NOW - 60n * SECOND);
    expect(world.time.now()).toBe(NOW);
    for (let hour = 1n; hour < 100n; hour += 1n) {
      world.pass(HOUR);
      world.set(NOW + hour * HOUR + (hour % 7n) * SECOND);
      expect(world.time.now()).toBe(NOW + hour * HOUR + (hour % 7n) * SECOND);
    }
  });

  test.each([
    ['an hour ahead', NOW + HOUR],
    ['2106', IN_2106],
  ])('a clock that is set to %s for less than a day makes nothing old', (_name, jump) => {
    const world = worldAt(NOW, NOW);
    world.time.now();
    world.set(jump);
    for (let hour = 1n; hour < 24n; hour += 1n) {
      world.pass(HOUR);
      expect(world.time.now()).toBe(NOW + hour * HOUR);
    }
    world.set(NOW + DAY);
    expect(world.time.now()).toBeLessThanOrEqual(NOW + DAY);
  });

  test('a step ahead that lasts is followed', () => {
    const world = worldAt(NOW, NOW);
    world.set(NOW + 30n * DAY);
    expect(world.time.now()).toBe(NOW);
    world.pass(DAY);
    expect(world.time.now()).toBe(NOW + 31n * DAY);
  });

  test.each([
    ['an hour back', NOW - HOUR],
    ['1970', 0n],
  ])('a clock that is set to %s is followed at once, since that deletes less', (_name, jump) => {
    const world = worldAt(NOW, NOW);
    world.set(jump);
    expect(world.time.now()).toBe(jump);
  });

  test('a machine that starts in 2106 deletes by the last commit until a day has passed', () => {
    const world = worldAt(IN_2106, NOW);
    expect(world.time.now()).toBe(NOW);
    world.set(NOW + HOUR);
    expect(world.time.now()).toBeLessThanOrEqual(NOW + HOUR);
  });

  test('a store without commits believes the clock', () => {
    expect(worldAt(IN_2106, undefined).time.now()).toBe(IN_2106);
  });
});
