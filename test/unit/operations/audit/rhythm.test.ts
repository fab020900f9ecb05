import { expect, test } from 'vitest';
import { rhythmOf } from '../../../../server/operations/audit/rhythm.ts';

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, at) => from + at);
const day = (days: number, hour = 0): number => days * 24 + hour;

test.each([
  ['one hour', [3], 'once'],
  ['both ends of six hours', [3, 8], 'once'],
  ['both ends of seven hours', [3, 9], 'irregular'],
  ['all of seven hours', range(3, 10), 'continuous'],
  ['three of four hours', [0, 1, 2, 3, 4, 7], 'continuous'],
  ['fewer than three of four', [0, 1, 2, 3, 7], 'irregular'],
  ['an hour on three days', [day(0), day(1), day(2)], 'daily'],
  ['an hour on two days', [day(0), day(1)], 'irregular'],
  ['four of five days', [day(0), day(1), day(2), day(4)], 'daily'],
  ['three of five days', [day(0), day(2), day(4)], 'irregular'],
  ['days that begin earlier than the first', [day(0, 5), day(1, 4), day(2, 4)], 'daily'],
  ['an hour a week later', [day(0), day(7)], 'weekly'],
  ['a run a week later that begins an hour earlier', [day(0, 5), day(7, 4)], 'weekly'],
  ['runs over midnight a week apart', [...range(0, 20), ...range(168, 188)], 'weekly'],
  ['a week and two weeks later', [day(0), day(7), day(21)], 'weekly'],
  ['six days later', [day(0), day(6)], 'irregular'],
  ['eight days later', [day(0), day(8)], 'irregular'],
  ['a week later, and ten days after that', [day(0), day(7), day(17)], 'irregular'],
  ['no hour', [], 'irregular'],
] as const)('%s', (_, hours, rhythm) => {
  expect(rhythmOf(hours)).toBe(rhythm);
});

test('what happens each day is daily, and on working days only it is weekly', () => {
  const days = range(0, 28);
  expect(rhythmOf(days.map((each) => day(each)))).toBe('daily');
  expect(rhythmOf(days.filter((each) => each % 7 < 5).map((each) => day(each)))).toBe('weekly');
});
