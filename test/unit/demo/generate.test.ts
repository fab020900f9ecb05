import { describe, expect, test } from 'vitest';
import { calicoLines, demoFlows } from '../../../server/demo/generate.ts';
import { SCRIPT, scriptAt } from '../../../server/demo/script.ts';
import { encodeResponse } from '../../../server/demo/wire-encode.ts';
import { createTimeline } from '../../../server/demo/timeline.ts';
import { DROP, EVENT, VERDICT, type WireFlow } from '../../../server/demo/wire-message.ts';
import { getFlowsResponse, HUBBLE_ROOT } from '../../../server/sources/hubble-proto.ts';

const START = Date.parse('2026-03-04T05:00:00Z');

const flowsOf = (options: {
  count: number;
  perSecond?: number;
  seed?: number;
  startAt?: number;
}): WireFlow[] =>
  [...demoFlows({ seed: 1, startAt: START, ...options })].flatMap(
    ({ message }) => message.flow ?? [],
  );

/** Most of one loop of the storyline. */
const LOOP = flowsOf({ count: 60_000, perSecond: 270 });

const workloadOf = ({ namespace, labels }: WireFlow['source']): string =>
  `${namespace ?? ''}/${labels?.find((label) => label.startsWith('k8s:app='))?.slice(8) ?? labels?.[0] ?? ''}`;

const portOf = ({ l4 }: WireFlow): number =>
  l4?.TCP?.destination_port ?? l4?.UDP?.destination_port ?? 0;

const fiveTuple = (flow: WireFlow): string =>
  [
    flow.node_name,
    flow.IP?.source,
    flow.IP?.destination,
    flow.l4?.TCP?.source_port ?? flow.l4?.UDP?.source_port,
    portOf(flow),
  ].join(' ');

describe('demoFlows', () => {
  test('the same seed gives the same bytes, another seed others', () => {
    const bytes = (seed: number): string =>
      Buffer.concat(
        [...demoFlows({ seed, count: 2000, startAt: START })].map((flow) => flow.bytes),
      ).toString('base64');

    expect(bytes(1)).toBe(bytes(1));
    expect(bytes(1)).not.toBe(bytes(2));
  });

  test('every message decodes to what the plain encoder of the protocol would send', () => {
    const type = HUBBLE_ROOT.lookupType('observer.GetFlowsResponse');
    for (const { message, bytes } of demoFlows({ seed: 3, count: 4000, startAt: START + 75_000 })) {
      const plain = Buffer.from(type.encode(message).finish());
      expect(getFlowsResponse.decode(bytes)).toEqual(getFlowsResponse.decode(plain));
      expect(encodeResponse(message)).toEqual(bytes);
    }
  });

  test('times never run backwards, and every event has its own uuid', () => {
    const flows = flowsOf({ count: 5000 });
    const times = flows.map(
      ({ time }) => BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos),
    );

    expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0n))).toBe(
      true,
    );
    expect(new Set(flows.map(({ uuid }) => uuid)).size).toBe(flows.length);
  });

  test('keeps to the asked rate within a fifth', () => {
    const flows = flowsOf({ count: 20_000, perSecond: 1000 });
    const seconds = (flows.at(-1)?.time.seconds ?? 0) - (flows[0]?.time.seconds ?? 0);

    expect(flows.length / seconds).toBeGreaterThan(800);
    expect(flows.length / seconds).toBeLessThan(1200);
  });

  test('drops 4 to 6 of 100 flows, in 15 to 25 groups', () => {
    const flows = LOOP;
    const dropped = flows.filter(({ verdict }) => verdict === VERDICT.dropped);
    const groups = new Set(
      dropped.map((flow) =>
        [
          workloadOf(flow.source),
          workloadOf(flow.destination),
          portOf(flow),
          flow.drop_reason,
        ].join(' '),
      ),
    );

    expect(dropped.length / flows.length).toBeGreaterThan(0.04);
    expect(dropped.length / flows.length).toBeLessThan(0.06);
    expect(groups.size).toBeGreaterThanOrEqual(15);
    expect(groups.size).toBeLessThanOrEqual(25);
    expect(new Set(dropped.map((flow) => flow.drop_reason))).toEqual(
      new Set([...Object.values(DROP), undefined]),
    );
  });

  test('names policies on verdicts only, and none on a default deny', () => {
    for (const flow of LOOP) {
      const allowed = [...(flow.egress_allowed_by ?? []), ...(flow.ingress_allowed_by ?? [])];
      const denied = [...(flow.egress_denied_by ?? []), ...(flow.ingress_denied_by ?? [])];
      const isVerdict = flow.event_type.type === EVENT.policyVerdict;
      if (!isVerdict) expect([...allowed, ...denied]).toEqual([]);
      if (flow.drop_reason === DROP.policyDenied) expect([...allowed, ...denied]).toEqual([]);
      if (isVerdict && flow.drop_reason === DROP.policyDeny) expect(denied).toHaveLength(1);
      if (isVerdict && flow.verdict === VERDICT.forwarded) expect(allowed).toHaveLength(1);
    }
  });

  test('a denied verdict is followed within 20 µs by the drop of the same packet', () => {
    const flows = LOOP.slice(0, 20_000);
    const nanosOf = ({ time }: WireFlow): number =>
      (time.seconds - START / 1000) * 1e9 + time.nanos;
    const drops = flows.filter(({ event_type }) => event_type.type === EVENT.drop);
    const last = nanosOf(flows.at(-1)!);
    const verdicts = flows.filter(
      (flow) =>
        flow.event_type.type === EVENT.policyVerdict &&
        flow.verdict === VERDICT.dropped &&
        // A lossy node may lose either of the two.
        flow.node_name !== 'demo-east/worker-2' &&
        nanosOf(flow) < last - 20_000,
    );

    expect(verdicts.length).toBeGreaterThan(100);
    for (const verdict of verdicts) {
      const twin = drops.find((drop) => {
        const later = nanosOf(drop) - nanosOf(verdict);
        return fiveTuple(drop) === fiveTuple(verdict) && later > 0 && later <= 20_000;
      });
      expect(twin?.drop_reason).toBe(verdict.drop_reason);
    }
  });

  test('a refused HTTP request is dropped without a reason, and its 403 is forwarded', () => {
    const l7 = LOOP.filter(({ l7 }) => l7?.http !== undefined);
    const refused = l7.filter(({ verdict }) => verdict === VERDICT.dropped);
    const answers = l7.filter(({ l7 }) => l7?.http?.code === 403);

    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((flow) => flow.drop_reason === undefined && flow.l7?.type === 1)).toBe(
      true,
    );
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.every(({ verdict }) => verdict === VERDICT.forwarded)).toBe(true);
  });
});

describe('the storyline', () => {
  test('checkout reaches redis until the bad policy comes, and not while it lasts', () => {
    const verdicts = LOOP.filter(
      (flow) =>
        flow.event_type.type === EVENT.policyVerdict &&
        flow.traffic_direction === 1 &&
        workloadOf(flow.source) === 'shop/checkout' &&
        workloadOf(flow.destination) === 'shop/redis',
    );
    const at = (flow: WireFlow): number => flow.time.seconds - START / 1000;
    const before = verdicts.filter((flow) => at(flow) < 30);
    const during = verdicts.filter((flow) => at(flow) >= 32 && at(flow) < 70);

    expect(before.length).toBeGreaterThan(5);
    expect(before.every(({ verdict }) => verdict === VERDICT.forwarded)).toBe(true);
    expect(during.length).toBeGreaterThan(5);
    expect(during.every(({ drop_reason }) => drop_reason === DROP.policyDenied)).toBe(true);
  });

  test('a lossy node tells exactly how many events it lost', () => {
    const options = { seed: 1, flowsPerSecond: 300, pastFlowsPerSecond: 300, nodeCount: 4 };
    const startSecond = START / 1000;
    const phase = SCRIPT.find(({ name }) => name === 'lossy-node');
    const second = startSecond + (phase?.from ?? 0) + 12;
    const told = createTimeline({ ...options, startSecond, scenario: 'story' })
      .reader()
      .second(second);
    const lost = told.flatMap(({ response }) => response.lost_events ?? []);
    const ofNode = told.filter(({ node, response }) => node === 1 && response.flow !== undefined);

    expect(lost).toHaveLength(1);
    expect(lost[0]?.source).toBe(2);
    expect(lost[0]?.num_events_lost).toBeGreaterThan(ofNode.length / 3);
  });

  test('a second is the same whether it was read in a row or alone', () => {
    const timeline = createTimeline({
      seed: 5,
      flowsPerSecond: 200,
      pastFlowsPerSecond: 20,
      startSecond: 1_800_000_000,
      nodeCount: 4,
      scenario: 'story',
    });
    const inARow = timeline.reader();
    for (let second = 1_799_999_980; second < 1_800_000_040; second += 1) {
      expect(inARow.second(second)).toEqual(timeline.reader().second(second));
    }
  });

  test('begins quietly and comes round every four minutes', () => {
    expect(scriptAt(0, 4).incidents.size).toBe(0);
    expect(scriptAt(40, 4)).toEqual(scriptAt(280, 4));
    expect(scriptAt(40, 4).incidents).toContain('redis-cut');
    expect(scriptAt(140, 4).unavailableNode).toBe(2);
    expect(scriptAt(239, 4).incidents.size).toBe(0);
  });
});

describe('calicoLines', () => {
  test('the same seed gives the same lines', () => {
    const lines = (seed: number): string[] => [
      ...calicoLines({ seed, count: 300, startAt: START }),
    ];

    expect(lines(1)).toEqual(lines(1));
    expect(lines(1)).not.toEqual(lines(2));
  });

  test('a flow that a staged policy would deny is allowed, and says so among pending policies', () => {
    const staged = [...calicoLines({ seed: 1, count: 200, startAt: START })]
      .map(
        (line) =>
          JSON.parse(line) as {
            action: string;
            policies: { enforced_policies: string[]; pending_policies: string[] };
          },
      )
      .filter(({ policies }) =>
        policies.pending_policies.some((hit) => hit.includes('|snp:') && hit.includes('|deny|')),
      );

    expect(staged.length).toBeGreaterThan(0);
    for (const { action, policies } of staged) {
      expect(action).toBe('allow');
      expect(policies.enforced_policies.join(' ')).not.toContain('snp:');
    }
  });
});
