import { describe, expect, test } from 'vitest';
import {
  createDropGrouper,
  dropTraits,
  growGroup,
  type DropGroup,
} from '../../../server/core/drop-groups.ts';
import type { Flow, PolicyHit, StoredFlow } from '../../../server/core/flow.ts';
import { nanos } from '../../../server/core/time.ts';
import { aDrop, stored } from '../../support/flow.ts';

const AT = 1_770_000_000_000_000_000n;

const at = (micros: number, differences: Partial<Flow> = {}): Flow =>
  aDrop({ observedAt: nanos(AT + BigInt(micros) * 1_000n), ...differences });
const verdictAt = (micros: number, differences: Partial<Flow> = {}): Flow =>
  at(micros, { event: 'policy-verdict', hits: [DENIED], ...differences });

const DENIED: PolicyHit = {
  policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'deny', tier: '' },
  direction: 'ingress',
  action: 'deny',
  stage: 'enforced',
  matched: 'policy',
  rule: -1,
};

function group(drops: readonly Flow[]): readonly DropGroup[] {
  const grouper = createDropGrouper();
  const groups = new Map<string, DropGroup>();
  for (const [index, drop] of drops.entries()) {
    const place = grouper.place(dropTraits(drop, 'POLICY_DENIED'));
    const flow: StoredFlow = stored(drop, index + 1);
    groups.set(place.key, growGroup(groups.get(place.key), place, flow));
  }
  return [...groups.values()];
}

const counts = (drops: readonly Flow[]): number[] => group(drops).map(({ count }) => count);

describe('drop groups', () => {
  test('the verdict and the drop event of one packet count once', () => {
    expect(group([verdictAt(0), at(10)])).toMatchObject([
      { count: 1, firstAt: AT, lastAt: AT + 10_000n, lastSeq: 2, latest: { hits: [DENIED] } },
    ]);
  });

  test('each attempt of a client counts, though its packets look alike', () => {
    expect(counts([verdictAt(0), at(10), verdictAt(1_000_000), at(1_000_010)])).toEqual([2]);
    expect(counts([verdictAt(0), verdictAt(1), at(10), at(11)])).toEqual([2]);
  });

  test('a drop event without a verdict of its own counts', () => {
    expect(counts([at(0)])).toEqual([1]);
    expect(counts([at(10), verdictAt(0)])).toEqual([1, 1]);
    expect(counts([verdictAt(0), at(10), at(20)])).toEqual([1, 1]);
  });

  test('a drop event a second after the verdict is of another packet', () => {
    expect(counts([verdictAt(0), at(999_999)])).toEqual([1]);
    expect(counts([verdictAt(0), at(1_000_000)])).toEqual([1, 1]);
  });

  test.each<[string, Partial<Flow>]>([
    ['node', { node: 'east/node-2' }],
    ['source address', { sourceIp: '10.0.0.9' }],
    ['source port', { sourcePort: 1 }],
    ['destination address', { destinationIp: '10.0.0.9' }],
    ['destination port', { destinationPort: 1 }],
    ['protocol', { protocol: 'udp' }],
  ])('records that differ in their %s are of different packets', (_name, differences) => {
    expect(counts([verdictAt(0), at(10, differences)])).toEqual([1, 1]);
  });

  test('an aggregated record counts by its events', () => {
    const counted = aDrop().counts;
    const log = { event: 'flow-log', counts: { ...counted, events: 7 } } as const;
    expect(counts([at(0, log), at(0, log)])).toEqual([14]);
  });

  test('of more verdicts than it remembers all are counted, and the older ones miss their drop events', () => {
    const verdicts = Array.from({ length: 10_001 }, (_, port) =>
      verdictAt(port, { sourcePort: port }),
    );
    const twins = [at(20_000, { sourcePort: 0 }), at(20_000, { sourcePort: 9_000 })];
    expect(counts([...verdicts, ...twins])).toEqual([10_001, 1]);
  });
});
