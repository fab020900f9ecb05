import { describe, expect, test } from 'vitest';
import type { FlowJson } from '../../../server/http/contract.ts';
import { DropLane, keepOrder } from '../../../web/src/state/drop-lane.ts';
import { dropJson, endJson } from './flows.ts';

const toPort = (port: number) => ({ destination: endJson({ workload: 'redis', port }) });

describe('the drops lane', () => {
  test('adds what the stream counts to what the store had', () => {
    const lane = new DropLane();
    lane.addStored([dropJson(1), dropJson(2)], false);
    const key = lane.groups()[0]!.key;
    lane.addStreamed([{ key, count: 3, firstSeq: 5, latest: dropJson(7) }]);
    lane.addStreamed([{ key, count: 5, firstSeq: 5, latest: dropJson(9) }]);
    expect(lane.groups()).toMatchObject([{ count: 7, atLeast: false, latest: { seq: 9 } }]);
  });

  test('a stored drop event joins the verdict on its packet, whose policy stays in sight', () => {
    const lane = new DropLane();
    const policy = { kind: 'NetworkPolicy', namespace: 'shop', name: 'deny', tier: '' };
    const hit = { policy, direction: 'ingress', action: 'deny', stage: 'enforced' } as const;
    const verdict = { event: 'policy-verdict', hits: [{ ...hit, matched: 'policy', rule: -1 }] };
    lane.addStored(
      [dropJson(2, { event: 'drop' }), dropJson(1, verdict as Partial<FlowJson>)],
      false,
    );
    expect(lane.groups()).toMatchObject([{ count: 2, latest: { seq: 1 } }]);
  });

  test('says "at least" where the store held more than was read', () => {
    const lane = new DropLane();
    lane.addStored([dropJson(1)], true);
    expect(lane.groups()[0]?.atLeast).toBe(true);
  });

  test('keeps ports, directions and reasons apart', () => {
    const lane = new DropLane();
    const reason = { code: 'VLAN_FILTERED', number: 182, category: 'vlan', words: 'VLAN' } as const;
    lane.addStored(
      [
        dropJson(1),
        dropJson(2, toPort(80)),
        dropJson(3, { direction: 'ingress' }),
        dropJson(4, { reason }),
      ],
      false,
    );
    expect(lane.groups()).toHaveLength(4);
  });

  test('forgets groups that left the range', () => {
    const lane = new DropLane();
    lane.addStored([dropJson(1)], false);
    lane.expire(Date.parse('2026-05-03T09:00:00Z'));
    expect(lane.groups()).toHaveLength(1);
    lane.expire(Date.parse('2026-05-03T11:00:00Z'));
    expect(lane.groups()).toHaveLength(0);
  });

  test('keeps its order under the pointer, new groups on top', () => {
    const lane = new DropLane();
    lane.addStored([dropJson(1, toPort(1)), dropJson(2, toPort(2))], false);
    const shown = lane.groups();
    lane.addStored([dropJson(3, toPort(1)), dropJson(4, toPort(3))], false);
    const ports = (groups: ReturnType<DropLane['groups']>) =>
      groups.map(({ latest }) => latest.destination.port);
    expect(ports(lane.groups())).toEqual([3, 1, 2]);
    expect(ports(keepOrder(shown, lane.groups()))).toEqual([3, 2, 1]);
  });
});
