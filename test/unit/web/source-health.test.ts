import { describe, expect, test } from 'vitest';
import type { GapJson } from '../../../server/http/contract.ts';
import { isDownIn, lossesIn } from '../../../web/src/state/source-health.ts';

const at = (clock: string): number => Date.parse(`2026-05-03T${clock}Z`);

const gap = (from: string, to: string, count: string | null = '5'): GapJson => ({
  kind: count === null ? 'unwatched' : 'lost',
  origin: 'east',
  node: 'east/worker-2',
  from: `2026-05-03T${from}.000000000Z`,
  to: `2026-05-03T${to}.000000000Z`,
  count,
  reason: 'queue',
});

const range = { from: at('10:00:00'), to: at('10:15:00') };

describe('losses of a range', () => {
  test('are only those inside it: a loss before or after leaves the range whole', () => {
    const gaps = [gap('09:00:00', '10:00:00'), gap('10:15:00', '10:20:00')];
    expect(lossesIn(gaps, range)).toBeUndefined();
    expect(lossesIn([], range)).toBeUndefined();
  });

  test('are told with their count and with the stretch that lies inside', () => {
    const gaps = [
      gap('09:58:00', '10:01:00'),
      gap('10:05:00', '10:06:00', '7'),
      gap('11:00:00', '11:01:00'),
    ];
    expect(lossesIn(gaps, range)).toEqual({
      origins: ['east'],
      gaps: 2,
      count: '12',
      from: range.from,
      to: at('10:06:00'),
    });
  });

  test('that follow each other every second are one gap', () => {
    const gaps = [gap('10:05:00', '10:05:01'), gap('10:05:02', '10:05:03')];
    expect(lossesIn(gaps, range)).toMatchObject({ gaps: 1, count: '10' });
  });

  test('that nobody counted add nothing to the count', () => {
    expect(lossesIn([gap('10:05:00', '10:06:00', null)], range)).toMatchObject({ count: '0' });
  });
});

test('a source that went away after the range was there for all of it', () => {
  const away = { state: 'retrying', stateSince: '2026-05-03T12:00:00.000000000Z' } as const;
  expect(isDownIn(away, range)).toBe(false);
  expect(isDownIn(away, { from: at('11:50:00'), to: at('12:05:00') })).toBe(true);
  expect(isDownIn({ ...away, state: 'reading' }, { from: 0, to: at('13:00:00') })).toBe(false);
});
