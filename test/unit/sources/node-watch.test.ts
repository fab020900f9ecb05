import { expect, test } from 'vitest';
import { nanos, NANOS_PER_SECOND, parseTime, type EpochNanos } from '../../../server/core/time.ts';
import { createNodeWatch } from '../../../server/sources/node-watch.ts';

const NOON = parseTime('2026-01-02T12:00:00Z')!;
const at = (seconds: number): EpochNanos => nanos(NOON + BigInt(seconds) * NANOS_PER_SECOND);

test('a flow that was buffered before the loss does not bring its node back (fault 53)', () => {
  const nodes = createNodeWatch('relay');
  nodes.connected('a', at(0));
  nodes.failed('a', 'lost', at(10));
  expect(nodes.flowSeen('a', at(9))).toBe(false);
  expect(nodes.failures()).toBe('a: lost');
  expect(nodes.flowSeen('a', at(12))).toBe(true);
  expect(nodes.failures()).toBe('');
  expect(nodes.takeGaps()).toMatchObject([{ node: 'a', from: at(10), to: at(12) }]);
});

test('a node that goes on refusing the stream is not back because the relay is connected to it', () => {
  const nodes = createNodeWatch('relay');
  for (const second of [0, 10, 20, 30]) {
    nodes.failed('old', 'unknown field', at(second));
    nodes.connected('old', at(second + 5));
  }
  expect(nodes.state()).toEqual({ connected: 0, unavailable: ['old'] });
  nodes.connected('old', at(60));
  expect(nodes.state()).toEqual({ connected: 1, unavailable: [] });
  expect(nodes.failures()).toBe('');
  expect(nodes.takeGaps()).toMatchObject([{ from: at(0), to: at(60) }]);
});

test('one error of many nodes is told once, and of many errors the first', () => {
  const nodes = createNodeWatch('relay');
  for (const node of ['d', 'b', 'a', 'c', 'e']) nodes.failed(node, 'refused', at(0));
  expect(nodes.failures()).toBe('a, b, c and 2 more: refused');
  for (const node of ['f', 'g', 'h']) nodes.failed(node, `lost ${node}`, at(0));
  expect(nodes.failures()).toBe('a, b, c and 2 more: refused; f: lost f; g: lost g; 1 more');
});

test('nodes that fail as the stream ends leave the gap to the next connection', () => {
  const nodes = createNodeWatch('relay');
  nodes.unavailable('a', at(0));
  nodes.failed('b', 'shutting down', at(30));
  nodes.closeAll(at(30));
  expect(nodes.takeGaps()).toMatchObject([{ node: 'a', from: at(0), to: at(30) }]);
});
