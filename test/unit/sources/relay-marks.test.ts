import { describe, expect, test } from 'vitest';
import type { Checkpoint, Flow, Gap } from '../../../server/core/flow.ts';
import { formatTime, nanos, NANOS_PER_SECOND, parseTime } from '../../../server/core/time.ts';
import { getFlowsResponse } from '../../../server/sources/hubble-proto.ts';
import { createNodeWatch } from '../../../server/sources/node-watch.ts';
import {
  createRelayCollector,
  type RelayCollector,
} from '../../../server/sources/relay-collector.ts';
import { openMarks, OVERLAP, type RelayMarks } from '../../../server/sources/relay-marks.ts';

const NOON = parseTime('2026-01-02T12:00:00Z')!;
const at = (seconds: number): Flow['observedAt'] =>
  nanos(NOON + BigInt(seconds) * NANOS_PER_SECOND);

/** One connection that opened at a time and is told flows at that time. */
function connect(
  after: Checkpoint | undefined,
  seconds: number,
): {
  readonly marks: RelayMarks;
  readonly tell: (node: string, observed: number) => void;
  readonly batch: RelayCollector['batch'];
} {
  const now = (): Flow['observedAt'] => at(seconds);
  const marks = openMarks(after, now());
  const nodes = createNodeWatch('relay');
  const collector = createRelayCollector({ origin: 'relay', marks, nodes, now });
  return {
    marks,
    batch: collector.batch,
    tell: (node, observed) => {
      const time = formatTime(at(observed));
      const flow = { time, node_name: node, verdict: 'FORWARDED', event_type: { type: 4 } };
      collector.take(getFlowsResponse.encode({ flow, node_name: node, time }));
    },
  };
}

type Told = readonly (readonly [node: string, observed: number])[];

/** Checkpoint of a connection at `seconds` that was told these flows. */
function checkpointOf(seconds: number, told: Told, after?: Checkpoint): Checkpoint | undefined {
  const { tell, batch } = connect(after, seconds);
  for (const [node, observed] of told) tell(node, observed);
  return batch()?.checkpoint;
}

function gapsAfter(after: Checkpoint | undefined, seconds: number, told: Told): readonly Gap[] {
  const { tell, batch } = connect(after, seconds);
  for (const [node, observed] of told) tell(node, observed);
  return batch()?.gaps ?? [];
}

describe('what was missed between two connections (fault 52)', () => {
  const before = checkpointOf(0, [
    ['c/a', 0],
    ['c/b', -2],
  ]);

  test('is looked for on each node, whichever tells first', () => {
    const gaps = gapsAfter(before, 60, [
      ['c/a', 0],
      ['c/b', 30],
      ['c/b', 50],
      ['c/a', 40],
    ]);
    expect(gaps).toEqual([
      {
        kind: 'unwatched',
        origin: 'relay',
        node: 'c/b',
        from: at(-2),
        to: at(30),
        count: undefined,
        reason: 'relay disconnected',
      },
    ]);
  });

  test('is nothing where a node tells its last flow again, or was not known', () => {
    const gaps = gapsAfter(before, 60, [
      ['c/new', 40],
      ['c/b', -2],
      ['c/a', 4],
      ['c/b', 50],
    ]);
    expect(gaps).toEqual([]);
  });

  test('ends no later than now, whatever the node says', () => {
    expect(gapsAfter(before, 60, [['c/a', 100_000]])).toMatchObject([{ from: at(0), to: at(60) }]);
  });
});

describe('a node whose clock is ahead (fault 68)', () => {
  const after = checkpointOf(0, [
    ['c/a', -1],
    ['c/ahead', 3600],
  ]);

  test('does not move the resume point into the future', () => {
    expect(openMarks(after, at(10)).since).toBe(at(-1) - OVERLAP);
    const alone = checkpointOf(0, [['c/ahead', 3600]]);
    expect(openMarks(alone, at(10)).since).toBe(at(0) - OVERLAP);
  });

  test('is resumed at now at the latest, also by an older checkpoint', () => {
    const marks = { marks: { 'c/ahead': String(at(3600)) } };
    expect(openMarks(JSON.stringify(marks) as Checkpoint, at(10)).since).toBe(at(10) - OVERLAP);
  });

  test('still has its repeats known, and leaves no gap', () => {
    const { tell, batch } = connect(after, 10);
    tell('c/ahead', 3600);
    expect(batch()).toMatchObject({ mayRepeat: true, gaps: [] });
    tell('c/ahead', 3605);
    expect(batch()).toMatchObject({ mayRepeat: false, gaps: [] });
  });

  test('that is behind holds back no other, and what it told meanwhile is a gap of its own time', () => {
    const before = checkpointOf(0, [
      ['c/a', -1],
      ['c/behind', -3600],
    ]);
    const marks = openMarks(before, at(30));
    expect(marks.since).toBe(at(-1) - OVERLAP);
    const later = gapsAfter(before, 30, [
      ['c/behind', -3570],
      ['c/a', -1],
    ]);
    expect(later).toMatchObject([{ node: 'c/behind', from: at(-3600), to: at(-3570) }]);
    // A connection that does not hear it keeps what was known; one that hears only others for long does not.
    const kept = checkpointOf(30, [['c/a', 30]], before);
    expect(openMarks(kept, at(40)).newestBefore('c/behind')).toBe(at(-3600));
  });

  test('and tells of 1970 is not taken for one that repeats', () => {
    const before = checkpointOf(0, [
      ['c/a', -1],
      ['c/1970', -1_700_000_000],
    ]);
    const { marks, tell, batch } = connect(before, 10);
    tell('c/1970', -1_700_000_000);
    expect(batch()).toMatchObject({ mayRepeat: false });
    tell('c/a', -1);
    expect(batch()).toMatchObject({ mayRepeat: true, repeatsFrom: marks.repeatsFrom });
    expect(marks.repeatsFrom).toBeLessThan(at(-1) - OVERLAP);
  });

  test('is like any other once time has caught up', () => {
    const later = checkpointOf(4000, [['c/ahead', 3900]], after);
    expect(JSON.parse(later!)).toEqual({ marks: { 'c/ahead': String(at(3900)) } });
  });
});
