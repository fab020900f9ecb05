import { expect, test } from 'vitest';
import { DROP_REASONS, dropReason, dropReasonCode } from '../../../server/core/drop-reasons.ts';

const named = DROP_REASONS.filter((reason) => reason.number !== undefined);

test('all 76 drop reasons of Cilium 1.19.4 have a number and words of their own', () => {
  expect(named).toHaveLength(76);
  expect(new Set(named.map((reason) => reason.number)).size).toBe(76);
  expect(new Set(DROP_REASONS.map((reason) => reason.words)).size).toBe(DROP_REASONS.length);
});

test('a number and its code name the same reason', () => {
  for (const { number } of named) expect(dropReason(dropReasonCode(number!)).number).toBe(number);
});

test('a reason newer than this program keeps its number and is shown as unknown (fault 81)', () => {
  expect(dropReason(dropReasonCode(250))).toEqual({
    code: '250',
    number: 250,
    category: 'unknown',
    words: 'reason 250, which this version does not know',
  });
});
