import { describe, expect, test } from 'vitest';
import type { DropState } from '../../../server/core/drop-state.ts';
import type { CountedDropGroupJson } from '../../../server/http/contract.ts';
import { untilOf } from '../../../web/src/state/drops-expiry.ts';
import {
  countStates,
  inStates,
  nextDropSort,
  parseDropSort,
  sortDrops,
} from '../../../web/src/state/drops-rows.ts';
import { dropJson } from './flows.ts';

const at = (minute: number): string =>
  `2026-05-03T10:${String(minute).padStart(2, '0')}:00.000000000Z`;

const group = (
  key: string,
  state: DropState,
  figures: Partial<CountedDropGroupJson> = {},
): CountedDropGroupJson => ({
  ...{ key, state, count: 1, firstAt: at(10), lastAt: at(20), lastSeq: 1, latest: dropJson(1) },
  ...{ series: [], firstSeenAt: at(10), mark: null, harm: null },
  ...figures,
});

const keys = (groups: readonly CountedDropGroupJson[], sort: string): string =>
  sortDrops(groups, sort)
    .map(({ key }) => key)
    .join('');

const GROUPS = [
  group('a', 'stopped', { count: 50 }),
  group('b', 'ongoing', { count: 7, lastAt: at(30) }),
  group('c', 'new', { firstSeenAt: null, firstAt: at(25) }),
  group('d', 'ongoing', { count: 9, firstSeenAt: at(1) }),
];

describe('the rows of the Drops screen', () => {
  test('what is new stands first, then what goes on, most drops first', () => {
    expect(keys(GROUPS, '')).toBe('cdba');
    expect(keys(GROUPS, '-shoe')).toBe('cdba');
  });

  test('sort by a column in either sense, and by the first drop that is known', () => {
    expect(keys(GROUPS, '-count')).toBe('adbc');
    expect(keys(GROUPS, 'count')).toBe('cbda');
    expect(keys(GROUPS, 'first')).toBe('dabc');
    expect(keys(GROUPS, '-last').startsWith('b')).toBe(true);
  });

  test('a click on a head sorts in the sense one looks for first, the next turns it round', () => {
    expect(nextDropSort('', 'count')).toBe('-count');
    expect(nextDropSort('-count', 'count')).toBe('count');
    expect(nextDropSort('', 'state')).toBe('-state');
    expect(nextDropSort('-count', 'source')).toBe('source');
    expect(parseDropSort('-last')).toEqual({ by: 'last', descending: true });
  });

  test('are those of the chosen states; of none chosen, all', () => {
    expect(inStates(GROUPS, ['new', 'stopped']).map(({ key }) => key)).toEqual(['a', 'c']);
    expect(inStates(GROUPS, [])).toHaveLength(4);
    expect(countStates(GROUPS)).toEqual({ new: 1, ongoing: 2, stopped: 1, acknowledged: 0 });
  });
});

test('an acknowledgement ends after its time by the clock of the server, or never', () => {
  const now = Date.parse('2026-05-03T10:00:00Z');
  expect(untilOf('1h', now)).toBe('2026-05-03T11:00:00.000Z');
  expect(untilOf('7d', now)).toBe('2026-05-10T10:00:00.000Z');
  expect(untilOf('never', now)).toBeNull();
});
