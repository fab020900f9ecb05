import { describe, expect, test } from 'vitest';
import {
  dropState,
  growHistory,
  markHolds,
  type DropHistory,
  type DropState,
} from '../../../server/core/drop-state.ts';
import { nanos, type EpochNanos } from '../../../server/core/time.ts';

const NOW = nanos(1_770_000_000_000_000_000n);
const ago = (minutes: number): EpochNanos =>
  nanos(NOW - BigInt(Math.round(minutes * 60)) * 1_000_000_000n);

/** History of drops so many minutes ago, the oldest first. */
function historyOf(...minutes: readonly number[]): DropHistory | undefined {
  return minutes.reduce<DropHistory | undefined>(
    (history, minute) => growHistory(history, ago(minute)),
    undefined,
  );
}

const stateOf = (
  history: DropHistory | undefined,
  { mark, lastAt }: { mark?: { until: EpochNanos | undefined }; lastAt?: EpochNanos } = {},
): DropState => dropState({ history, mark, lastAt: lastAt ?? history?.lastAt ?? ago(1), now: NOW });

describe('the state of a drop group', () => {
  test.each<[string, readonly number[], DropState]>([
    ['first seen a minute ago', [1], 'new'],
    ['first seen 15 minutes ago', [15, 1], 'new'],
    ['first seen a little earlier', [15.1, 1], 'ongoing'],
    ['seen once, 15 minutes ago', [15], 'new'],
    ['seen once, a little earlier', [15.1], 'stopped'],
    ['that stopped and came back', [600, 599, 1], 'ongoing'],
    ['that comes hourly and came last two hours ago', [240, 180, 120], 'ongoing'],
    ['that comes hourly and came last three hours ago', [301, 241, 181], 'stopped'],
    ['that came every five minutes until 16 minutes ago', [26, 21, 16], 'stopped'],
  ])('%s', (_words, minutes, state) => {
    expect(stateOf(historyOf(...minutes))).toBe(state);
  });

  test('packets of one burst do not make its interval short', () => {
    const bursts = [180, 120, 60].flatMap((minute) => [minute, minute - 0.1, minute - 0.2]);
    expect(historyOf(...bursts)).toMatchObject({ bouts: 3 });
    expect(stateOf(historyOf(...bursts))).toBe('ongoing');
  });

  test('a drop that is told late moves the first time and makes no burst', () => {
    expect(historyOf(10, 600)).toEqual({ firstAt: ago(600), lastAt: ago(10), bouts: 1 });
    expect(stateOf(historyOf(10, 600))).toBe('ongoing');
  });

  test('nothing is called new while its history is not known', () => {
    expect(stateOf(undefined, { lastAt: ago(1) })).toBe('ongoing');
    expect(stateOf(undefined, { lastAt: ago(16) })).toBe('stopped');
  });

  test('a history that is read up to a time before the last drop stops nothing', () => {
    expect(stateOf(historyOf(600, 599), { lastAt: ago(1) })).toBe('ongoing');
  });

  test('a mark covers every other state until it ends, to the nanosecond', () => {
    for (const history of [historyOf(1), historyOf(60, 1), historyOf(600)]) {
      const plain = stateOf(history);
      expect(stateOf(history, { mark: { until: undefined } })).toBe('acknowledged');
      expect(stateOf(history, { mark: { until: nanos(NOW + 1n) } })).toBe('acknowledged');
      expect(stateOf(history, { mark: { until: NOW } })).toBe(plain);
    }
    expect(markHolds({ until: NOW }, NOW)).toBe(false);
  });
});
