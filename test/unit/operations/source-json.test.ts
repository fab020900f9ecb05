import { expect, test } from 'vitest';
import { nanos, parseTime } from '../../../server/core/time.ts';
import type { SourceStatus } from '../../../server/operations/ingest.ts';
import { sourceJson } from '../../../server/operations/source-json.ts';

const NOW = nanos(parseTime('2026-01-02T12:00:00Z')!);
const STATUS: SourceStatus = {
  name: 'east',
  kind: 'hubble-relay',
  target: '127.0.0.1:4245',
  state: 'reading',
  stateSince: NOW,
  detail: '',
  retryAt: undefined,
  lastEventAt: undefined,
  ratePerSecond: 0,
  lagMs: undefined,
  bytesBehind: undefined,
  rotationLossMs: undefined,
  nodes: { connected: 4, unavailable: [] },
  skew: undefined,
  certificateExpiresAt: undefined,
  resumed: false,
  counts: {
    flows: { allowed: 0, dropped: 0, audit: 0, error: 0, unknown: 0 },
    lost: 0,
    rejected: [],
  },
};

test('nodes are told while the relay is read, and not after the connection is lost', () => {
  const nodesOf = (state: SourceStatus['state']): unknown =>
    sourceJson(
      {
        name: 'east',
        status: { ...STATUS, state },
        record: undefined,
        gaps: [],
        completeness: undefined,
      },
      NOW,
    ).nodes;
  expect(nodesOf('reading')).toEqual({ connected: 4, unavailable: [] });
  expect(nodesOf('retrying')).toBeNull();
  expect(nodesOf('connecting')).toBeNull();
});
