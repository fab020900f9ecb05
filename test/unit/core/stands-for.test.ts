import { expect, test } from 'vitest';
import { weightMark, weightWords, type Weighed } from '../../../server/core/stands-for.ts';

const weighed = (event: string, events: number, connections = -1): Weighed => ({
  event,
  counts: { events, connections },
});

test.each([
  [weighed('trace', 1), undefined, '', ''],
  [
    weighed('trace', 123),
    undefined,
    '×123',
    'stands for 123 events, aggregated by the Hubble exporter',
  ],
  [
    weighed('flow-log', 40, 40),
    300,
    '×40',
    'stands for 40 connections begun over 300 s, aggregated by Calico',
  ],
  [
    weighed('flow-log', 1, 1),
    15,
    '',
    'stands for 1 connection begun over 15 s, aggregated by Calico',
  ],
  [
    weighed('flow-log', 1, 0),
    15,
    '×?',
    'stands for connections that were open before over 15 s, aggregated by Calico',
  ],
  [
    weighed('flow-log', 0, 0),
    15,
    '×0',
    'adds nothing to the traffic over 15 s, aggregated by Calico',
  ],
])('%j stands for what it says', (flow, seconds, mark, words) => {
  expect(weightMark(flow)).toBe(mark);
  expect(weightWords(flow, seconds)).toBe(words);
});
