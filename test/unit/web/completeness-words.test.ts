import { describe, expect, test } from 'vitest';
import type { GapJson, SourceCompletenessJson } from '../../../server/http/contract.ts';
import {
  absenceWords,
  figureTitle,
  sourceCompletenessWords,
} from '../../../web/src/words/completeness.ts';
import { COMPLETE } from './flows.ts';

const SOURCE: SourceCompletenessJson = {
  source: 'demo-east',
  verdict: 'lower-bound',
  watched: 1,
  lost: '162',
  byStage: [{ stage: 'hubble-ring', count: '162' }],
  gaps: 1,
  nodes: ['demo-east/worker-2'],
  nodeCount: 1,
  rejected: 0,
  aggregatedMs: 30_000,
  skew: null,
};
const LOSSY = {
  ...COMPLETE,
  verdict: 'lower-bound',
  lost: '162',
  gaps: 1,
  sources: [SOURCE],
} as const;
const GAP: GapJson = {
  kind: 'lost',
  origin: 'demo-east',
  node: 'demo-east/worker-2',
  from: '2026-05-03T12:04:10.000000000Z',
  to: '2026-05-03T12:06:30.000000000Z',
  count: '162',
  reason: 'HUBBLE_RING_BUFFER',
};

describe('an answer without a row', () => {
  test('is told to be no proof where events were lost, with what, where and when', () => {
    expect(absenceWords(LOSSY, [GAP], 'utc')).toBe(
      "But 162 events were lost in the node's Hubble ring (demo-east/worker-2, between 12:04:10 and 12:06:30), " +
        'so this is no proof of absence.',
    );
  });

  test('is told to be no proof where not all was watched', () => {
    const part = { ...COMPLETE, verdict: 'unknown', watched: 0.5 } as const;
    expect(absenceWords(part, [], 'utc')).toBe(
      'Whether all was recorded is not known: 50% of the time was watched. This is no proof of absence.',
    );
  });

  test('is left alone where nothing is missing', () => {
    expect(absenceWords(COMPLETE, [], 'utc')).toBe('');
  });
});

test('a source says in a line how complete its last day is', () => {
  expect(sourceCompletenessWords(SOURCE, '100%')).toBe(
    "Lower bound: something is missing · 100% of the last 24h watched · 162 lost in the node's Hubble ring · " +
      'on 1 node · records are aggregates over up to 30s',
  );
});

test('a figure says in how many records its events came, and that it is a lower bound', () => {
  expect(figureTitle(2, 40, COMPLETE)).toMatch(/; in 2 records$/);
  expect(figureTitle(40, 40, COMPLETE)).not.toContain('records');
  expect(figureTitle(40, 40, LOSSY)).toMatch(/at least: 162 events were lost/);
});
