import { describe, expect, test } from 'vitest';
import type { DropGroupJson } from '../../../server/http/contract.ts';
import { arrange, DropLane, sortGroups } from '../../../web/src/state/drop-lane.ts';
import { dropJson } from './flows.ts';

const AT = '2026-05-03T10:00:00.000000001Z';
const NO_OTHERS = { groups: 0, count: 0 };

const group = (key: string, count: number, lastSeq = count): DropGroupJson => ({
  ...{ key, count, firstAt: AT, lastAt: AT, lastSeq },
  latest: dropJson(lastSeq),
});

const countsOf = (lane: DropLane): Record<string, number> =>
  Object.fromEntries(lane.groups().map(({ key, count }) => [key, count]));

describe('the drops lane', () => {
  test('adds to what the store counted what the stream counts since', () => {
    const lane = new DropLane(10);
    const mark = lane.mark();
    lane.addStreamed([group('a', 2, 12)], 12);
    lane.setStored({ groups: [group('a', 5, 9), group('b', 1, 8)], others: NO_OTHERS }, mark);
    lane.addStreamed([group('a', 3, 14)], 14);

    expect(mark.head).toBe(10);
    expect(lane.groups()).toMatchObject([
      { key: 'a', count: 8, lastSeq: 14, latest: { seq: 14 } },
      { key: 'b', count: 1, lastSeq: 8 },
    ]);
    expect(lane.total()).toEqual({ groups: 2, count: 9 });
  });

  test('a second answer takes the place of what the stream had counted by then', () => {
    const lane = new DropLane(10);
    lane.setStored({ groups: [group('a', 5, 9)], others: NO_OTHERS }, lane.mark());
    lane.addStreamed([group('a', 2, 12), group('b', 1, 13)], 13);
    const mark = lane.mark();
    lane.addStreamed([group('a', 4, 15)], 15);
    lane.setStored({ groups: [group('a', 6, 12)], others: NO_OTHERS }, mark);

    expect(mark.head).toBe(13);
    expect(countsOf(lane)).toEqual({ a: 8 });
    expect(lane.total()).toEqual({ groups: 1, count: 8 });
  });

  test('a group without a row is counted, and a new drop of it makes the store be asked again', () => {
    const lane = new DropLane(10);
    const others = { groups: 3, count: 40 };
    lane.setStored({ groups: [group('a', 5, 9)], others }, lane.mark());
    expect(lane.total()).toEqual({ groups: 4, count: 45 });
    expect(lane.incomplete).toBe(false);
    lane.addStreamed([group('a', 1, 11)], 11);
    expect(lane.incomplete).toBe(false);
    lane.addStreamed([group('z', 1, 12)], 12);
    expect(lane.incomplete).toBe(true);
    expect(lane.total().count).toBe(47);
  });

  test('what the stream folds is counted without a row', () => {
    const lane = new DropLane(0);
    lane.setStored({ groups: [], others: NO_OTHERS }, lane.mark());
    lane.addStreamed([group('other', 7, 7)], 7);
    expect(lane.groups()).toEqual([]);
    expect(lane.total().count).toBe(7);
    expect(lane.incomplete).toBe(true);
  });

  test('a group that names its policy keeps that in sight', () => {
    const lane = new DropLane(2);
    const policy = { kind: 'NetworkPolicy', namespace: 'shop', name: 'deny', tier: '' };
    const hit = { policy, direction: 'ingress', action: 'deny', stage: 'enforced' } as const;
    const hits = [{ ...hit, matched: 'policy' as const, rule: -1 }];
    const stored = { ...group('a', 1), latest: dropJson(1, { hits }) };
    lane.setStored({ groups: [stored], others: NO_OTHERS }, lane.mark());
    lane.addStreamed([group('a', 1, 3)], 3);
    expect(lane.groups()).toMatchObject([{ count: 2, lastSeq: 3, latest: { seq: 1 } }]);
  });
});

describe('the order of the lane', () => {
  const rows = (): DropLane => {
    const lane = new DropLane();
    const groups = [group('a', 1, 9), group('b', 7, 3), group('c', 7, 5)];
    lane.setStored({ groups, others: NO_OTHERS }, lane.mark());
    return lane;
  };

  test('is by the last drop, or by count', () => {
    const keys = (by: 'newest' | 'count') => sortGroups(rows().groups(), by).map(({ key }) => key);
    expect(keys('newest')).toEqual(['a', 'c', 'b']);
    expect(keys('count')).toEqual(['c', 'b', 'a']);
  });

  test('keeps known rows in their places and tells new ones apart', () => {
    const { known, fresh } = arrange(rows().groups(), ['b', 'gone', 'a']);
    expect(known.map(({ key }) => key)).toEqual(['b', 'a']);
    expect(fresh.map(({ key }) => key)).toEqual(['c']);
  });
});
