import { expect, test } from 'vitest';
import type { Flow } from '../../../server/core/flow.ts';
import { hitCounts } from '../../../server/core/hit-counts.ts';
import { nanos } from '../../../server/core/time.ts';
import { calicoLines } from '../../../server/sources/calico-line.ts';
import { sampleLines } from '../../support/samples.ts';

const RECEIVED = nanos(1_800_000_000_000_000_000n);

/** Flows of lines as one source reads them. */
function flowsOf(lines: readonly string[]): readonly Flow[] {
  const decode = calicoLines('calico', 'node');
  return lines.map((text, offset) => {
    const place = { file: 'f', offset, always: false };
    const { flow } = decode({ text, bytes: Buffer.from(text), place, receivedAt: RECEIVED });
    if (flow === undefined) throw new Error(`no flow: ${text}`);
    return flow;
  });
}

const lines = sampleLines('calico/constructed-flows.jsonl');
const [first, second] = [lines[10]!, lines[11]!];

const NO_TRAFFIC = {
  events: 0,
  connections: 0,
  packetsForward: 0,
  packetsReverse: 0,
  bytesForward: 0,
  bytesReverse: 0,
};

test('of lines split by policy set the first counts the traffic, and the others have their hits', () => {
  const [one, other] = flowsOf([first, second]);
  expect(one?.counts).toMatchObject({ connections: 2, bytesForward: 500, packetsReverse: 6 });
  expect(other?.counts).toEqual(NO_TRAFFIC);
  expect(other?.hits.map(({ policy }) => policy.name)).toContain('api-allow-web');
  expect(Buffer.from(other!.raw.bytes).toString()).toBe(second);
});

test('hit counts over the file hold split traffic once', () => {
  const passed = flowsOf(lines)
    .flatMap(hitCounts)
    .filter(({ hit, kind }) => kind === 'passed' && hit.policy.name === 'tenant-shop');
  expect(passed.reduce((sum, { count }) => sum + count, 0)).toBe(30);
});

test('a line read again is no split: each gives the counts that it gave', () => {
  const counts = flowsOf([first, second, first, second]).map(
    ({ counts: { connections } }) => connections,
  );
  expect(counts).toEqual([2, 0, 2, 0]);
});

test.each([
  ['interval', { start_time: 1770000900, end_time: 1770001200 }],
  ['counters', { bytes_in: 501 }],
  ['port', { dest_port: 8081 }],
  ['node', { host: 'node-b' }],
])('lines that differ in their %s are not split', (_, change) => {
  const changed = JSON.stringify({ ...(JSON.parse(second) as object), ...change });
  const [, other] = flowsOf([first, changed]);
  expect(other?.counts.connections).toBe(2);
});

test('what a split line does not tell stays not told', () => {
  const asForward = (line: string): string => line.replace('"reporter":"dst"', '"reporter":"fwd"');
  const [, other] = flowsOf([asForward(first), asForward(second)]);
  expect(other?.counts).toMatchObject({ connections: 0, packetsForward: -1, bytesReverse: -1 });
});
