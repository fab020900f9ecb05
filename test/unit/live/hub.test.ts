import { describe, expect, test } from 'vitest';
import type { Flow, PolicyHit, StoredFlow } from '../../../server/core/flow.ts';
import { nanos } from '../../../server/core/time.ts';
import { createLiveHub } from '../../../server/live/hub.ts';
import type { LiveHub } from '../../../server/live/live-hub.ts';
import { OTHER_GROUP } from '../../../server/live/subscriber.ts';
import { aDrop, aFlow, stored } from '../../support/flow.ts';
import { liveCommit, liveQuery } from '../../support/live.ts';

const DENIED_BY: PolicyHit = {
  policy: { kind: 'CiliumNetworkPolicy', namespace: 'shop', name: 'deny-web', tier: '' },
  direction: 'egress',
  action: 'deny',
  stage: 'enforced',
  matched: 'policy',
  rule: -1,
};

let seq = 0;
/** Answers with the flows as viewers see them. */
function publish(hub: LiveHub, flows: readonly Flow[]): readonly StoredFlow[] {
  const firstSeq = seq + 1;
  seq += flows.length;
  hub.publish(liveCommit(flows, firstSeq));
  return flows.map((flow, row) => stored(flow, firstSeq + row));
}

const everything = liveQuery('');

function hubAt(nowMs: () => number = () => 0): ReturnType<typeof createLiveHub> {
  return createLiveHub({ nowMs });
}

describe('the live hub', () => {
  test('hands each subscriber only what its filter matches, in commit order', () => {
    const hub = hubAt();
    const drops = hub.subscribe(liveQuery('verdict:dropped'), {
      capacity: 10,
      allowedPerSecond: 10,
    });
    const all = hub.subscribe(everything, { capacity: 10, allowedPerSecond: 10 });

    const flows = publish(hub, [aFlow(), aDrop(), aFlow()]);

    expect(drops.take({ rows: 'all' }).flows).toEqual([flows[1]]);
    expect(all.take({ rows: 'all' }).flows).toEqual(flows);
  });

  test('counts exactly and never thins drops, while allowed rows are thinned', () => {
    const hub = hubAt();
    const viewer = hub.subscribe(everything, { capacity: 4_096, allowedPerSecond: 10 });

    publish(
      hub,
      Array.from({ length: 1_000 }, (_, at) => aFlow({ sourcePort: at })),
    );
    publish(
      hub,
      Array.from({ length: 50 }, () => aDrop()),
    );

    const delivery = viewer.take({ rows: 'all' });
    expect(delivery.counts).toMatchObject({ allowed: 1_000, dropped: 50 });
    expect(delivery.flows.filter((flow) => flow.verdict.kind === 'dropped')).toHaveLength(50);
    expect(delivery.flows.length).toBeLessThan(100);
    expect(delivery.dropRowsLost).toBe(0);
  });

  test('keeps a conversation whole when it thins', () => {
    let now = 0;
    const hub = hubAt(() => now);
    const viewer = hub.subscribe(everything, { capacity: 4_096, allowedPerSecond: 100 });
    const talk = (port: number): readonly Flow[] => [
      aFlow({ sourcePort: port }),
      aFlow({
        sourceIp: '10.0.0.2',
        destinationIp: '10.0.0.1',
        sourcePort: 5_432,
        destinationPort: port,
      }),
    ];
    const second = () => publish(hub, Array.from({ length: 300 }, (_, at) => talk(at)).flat());
    second();
    viewer.take({ rows: 'all' });
    now = 1_000;
    second();

    const shown = viewer.take({ rows: 'all' }).flows;
    const ports = Map.groupBy(shown, (flow) =>
      Math.max(
        flow.sourcePort === 5_432 ? -1 : flow.sourcePort,
        flow.destinationPort === 5_432 ? -1 : flow.destinationPort,
      ),
    );
    expect(shown.length).toBeGreaterThan(20);
    expect(shown.length).toBeLessThan(200);
    for (const flows of ports.values()) expect(flows).toHaveLength(2);
  });

  test('a viewer that does not read loses rows, is told how many, and keeps every drop group (fault 57)', () => {
    const hub = hubAt();
    const viewer = hub.subscribe(everything, { capacity: 10, allowedPerSecond: 10 });

    for (let port = 0; port < 100; port += 1) {
      publish(hub, [aDrop({ destinationPort: port }), aDrop({ destinationPort: port })]);
    }

    const delivery = viewer.take({ rows: 'all' });
    expect(delivery.flows).toHaveLength(10);
    expect(delivery.dropRowsLost).toBe(190);
    expect(delivery.groups).toHaveLength(100);
    expect(delivery.groups.every((group) => group.count === 2)).toBe(true);
  });

  test('a group is delivered again only when it changed, with its count since the subscription', () => {
    const hub = hubAt();
    const viewer = hub.subscribe(everything, { capacity: 10, allowedPerSecond: 10 });
    publish(hub, [aDrop(), aDrop({ destinationPort: 53 })]);
    viewer.take({ rows: 'none' });

    publish(hub, [aDrop()]);

    expect(viewer.take({ rows: 'none' }).groups.map((group) => group.count)).toEqual([2]);
  });

  test('a drop event joins the group of the verdict on the same packet, which names the policy', () => {
    const hub = hubAt();
    const viewer = hub.subscribe(everything, { capacity: 10, allowedPerSecond: 10 });
    const denied = { verdict: { kind: 'dropped', reason: 'POLICY_DENY' } } as const;
    const verdict = aDrop({ ...denied, event: 'policy-verdict', hits: [DENIED_BY] });
    const twin = aDrop({ ...denied, observedAt: nanos(verdict.observedAt + 10_000n) });
    const later = aDrop({ ...denied, observedAt: nanos(verdict.observedAt + 2_000_000_000n) });
    const elsewhere = aDrop({ ...twin, sourcePort: 1 });

    publish(hub, [verdict, twin, later, elsewhere]);

    const { groups, drops, head, counts } = viewer.take({ rows: 'none' });
    expect(groups.map((group) => group.count)).toEqual([1, 2]);
    expect(groups[0]!.latest.hits).toEqual([DENIED_BY]);
    expect([drops, counts.dropped, head]).toEqual([3, 4, seq]);
  });

  test('a viewer who filters verdicts out has their drop events counted', () => {
    const hub = hubAt();
    const viewer = hub.subscribe(liveQuery('policy:none'), {
      capacity: 10,
      allowedPerSecond: 10,
    });
    const verdict = aDrop({ event: 'policy-verdict', hits: [DENIED_BY] });

    publish(hub, [verdict, aDrop({ observedAt: verdict.observedAt })]);

    expect(viewer.take({ rows: 'none' }).groups.map((group) => group.count)).toEqual([1]);
  });

  test('fingerprints beyond the cap are counted under one other group (fault 59)', () => {
    const hub = hubAt();
    const viewer = hub.subscribe(everything, { capacity: 1, allowedPerSecond: 1 });
    const drops = Array.from({ length: 6_000 }, (_, port) => aDrop({ destinationPort: port }));

    publish(hub, drops);

    const { groups } = viewer.take({ rows: 'none' });
    expect(groups).toHaveLength(5_001);
    expect(groups.find((group) => group.key === OTHER_GROUP)?.count).toBe(1_000);
  });

  test('a disposed subscription gets nothing more', () => {
    const hub = hubAt();
    const viewer = hub.subscribe(everything, { capacity: 10, allowedPerSecond: 10 });
    viewer[Symbol.dispose]();
    expect(hub.subscribers).toBe(0);
  });
});
