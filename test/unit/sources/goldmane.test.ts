import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../server/core/flow.ts';
import { hitCounts } from '../../../server/core/hit-counts.ts';
import { nanos } from '../../../server/core/time.ts';
import { createGoldmaneBytesDecoder } from '../../../server/sources/decode/goldmane-bytes.ts';
import { createGoldmaneDecoder } from '../../../server/sources/decode/goldmane.ts';
import { flowListResult, statisticsResult } from '../../../server/sources/goldmane-proto.ts';
import type { JsonObject } from '../../../server/sources/json-value.ts';
import {
  asResult,
  goldmaneFlow,
  goldmaneSamples,
  sampleFlowResults,
} from '../../support/goldmane-flows.ts';

const RECEIVED = nanos(1_800_000_000_000_000_000n);

function decodeJson(flow: unknown): Flow {
  const raw = { format: 'goldmane-json', bytes: new Uint8Array() } as const;
  const result = createGoldmaneDecoder({ origin: 'g' })({ flow, raw, receivedAt: RECEIVED });
  if (!result.ok) throw new Error(result.reason);
  return result.flow;
}

function decodeBytes(message: Buffer): Flow {
  const result = createGoldmaneBytesDecoder({ origin: 'g' })(message, RECEIVED);
  if (!result.ok) throw new Error(result.reason);
  return result.flow;
}

const essence = (flow: Flow): object => ({ ...flow, raw: undefined });

/** Each hit as `kind namespace/name@tier stage action matched rule`. */
const hitsOf = (flow: Flow): readonly string[] =>
  flow.hits.map(
    ({ policy, stage, action, matched, rule }) =>
      `${policy.kind} ${policy.namespace}/${policy.name}@${policy.tier} ${stage} ${action} ${matched} ${rule}`,
  );

const countsOf = (flow: Flow): readonly string[] =>
  hitCounts(flow).map(
    ({ hit, kind, count }) => `${hit.policy.name} ${hit.direction} ${hit.rule} ${kind} ${count}`,
  );

describe('wire samples', () => {
  const samples = goldmaneSamples();

  test.each(samples.filter(({ message }) => message === 'goldmane.FlowListResult'))(
    '$note: bytes are the JSON',
    ({ json, base64 }) => {
      expect(flowListResult.decode(Buffer.from(base64, 'base64'))).toEqual(json);
    },
  );

  test.each(samples.filter(({ message }) => message === 'goldmane.StatisticsResult'))(
    '$note: bytes are the JSON, packed or not',
    ({ json, base64 }) => {
      expect(statisticsResult.decode(Buffer.from(base64, 'base64'))).toEqual(json);
    },
  );

  test('bytes, their JSON and what the emitter writes are one flow with one id', () => {
    const flows = samples.filter(({ message }) => message === 'goldmane.Flow');
    const results = sampleFlowResults();
    expect(flows).toHaveLength(6);
    for (const [at, { json, emitter_json }] of flows.entries()) {
      const told = decodeBytes(results[at]!);
      expect(essence(decodeJson(json))).toEqual(essence(told));
      expect(essence(decodeJson(emitter_json))).toEqual(essence(told));
    }
  });

  test('each flow yields exactly these hits', () => {
    const all = samples
      .filter(({ message }) => message === 'goldmane.Flow' || message === 'goldmane.FlowUpdate')
      .map(({ json }) => decodeJson(json['flow'] ?? json));
    expect(all.map(hitsOf)).toEqual([
      [
        'GlobalNetworkPolicy /ep1-1-allow-all@default enforced allow rule 0',
        'GlobalNetworkPolicy /ep1-1-allow-all@default pending allow rule 0',
      ],
      [
        'CalicoNetworkPolicy default/np1-1@tier1 enforced pass rule 1',
        'CalicoNetworkPolicy default/np3-3@default enforced allow rule 0',
        'CalicoNetworkPolicy default/np1-1@tier1 pending pass rule 1',
        'StagedNetworkPolicy default/np2-3@tier2 pending allow rule 0',
      ],
      [
        'CalicoNetworkPolicy default/np1-1@tier1 enforced pass rule 0',
        'Profile /kns.default@ enforced allow profile 0',
        'CalicoNetworkPolicy default/np1-1@tier1 pending pass rule 0',
        'StagedNetworkPolicy default/np2-1@tier2 pending deny end-of-tier -1',
      ],
      ['Profile /default@ enforced allow profile 0', 'Profile /default@ pending allow profile 0'],
      ['Profile /default@ enforced allow profile 0', 'Profile /default@ pending allow profile 0'],
      [
        'KindUnspecified /policy-1@ enforced unknown rule 0',
        'KindUnspecified /policy-2@ enforced unknown rule 0',
        'KindUnspecified /pending-policy-1@ pending unknown rule 0',
        'KindUnspecified /pending-policy-2@ pending unknown rule 0',
      ],
      [
        'CalicoNetworkPolicy default/np2-4@tier2 enforced deny rule 0',
        'StagedNetworkPolicy default/np2-3@tier2 pending deny rule 1',
      ],
    ]);
    expect(all.map(countsOf)).toEqual([
      ['ep1-1-allow-all egress 0 allowed 3'],
      ['np1-1 ingress 1 passed 3', 'np3-3 ingress 0 allowed 3', 'np2-3 ingress 0 staged 3'],
      ['np1-1 egress 0 passed 3'],
      [],
      [],
      [],
      ['np2-4 ingress 0 denied 3', 'np2-3 ingress 1 staged 3'],
    ]);
  });

  test('ends, service, window and counters', () => {
    const [first, , , outside, set] = sampleFlowResults().map(decodeBytes);
    expect(first).toMatchObject({
      ...{ event: 'flow-log', reporter: 'source', direction: 'egress', protocol: 'tcp', node: '' },
      source: { kind: 'workload', namespace: 'default', pod: '', workload: 'ep1-1' },
      destination: { kind: 'workload', workload: 'ep2-1', labels: ['name=ep2-1'] },
      ...{ destinationPort: 8055, sourcePort: -1, sourceIp: '', destinationIp: '' },
      destinationService: 'default/test-service',
      window: { from: 1_760_000_010_000_000_000n, to: 1_760_000_025_000_000_000n },
      // The source reports, so what went out went forward.
      counts: { packetsForward: 9, packetsReverse: 12, bytesForward: 700, connections: 3 },
      ...{ verdict: { kind: 'allowed' }, wireVerdict: 'Allow' },
    });
    expect(outside?.destination).toMatchObject({ kind: 'network', name: 'pvt', namespace: '' });
    expect(set?.destination).toMatchObject({ kind: 'networkSet', name: 'ns-1' });
  });
});

describe('generations of the wire', () => {
  const keyWith = (hits: readonly JsonObject[], more: JsonObject = {}): JsonObject => {
    const base = goldmaneFlow(1_760_000_010, 'a');
    const key = base['Key'] as JsonObject;
    return {
      ...base,
      Key: { ...key, ...more, policies: { enforced_policies: hits as JsonObject[] } },
    };
  };

  test('before 3.32: hits in no order, tiers before names, admin policies', () => {
    const flow = decodeBytes(
      asResult(
        keyWith([
          {
            kind: 'CalicoNetworkPolicy',
            namespace: 'n',
            name: 'default.web',
            tier: 'default',
            action: 'Allow',
            policy_index: '2',
          },
          {
            kind: 'BaselineAdminNetworkPolicy',
            name: 'default',
            tier: 'baselineadminnetworkpolicy',
            action: 'Pass',
            policy_index: '1',
            rule_index: '-2',
          },
          {
            kind: 'AdminNetworkPolicy',
            name: 'ops',
            tier: 'adminnetworkpolicy',
            action: 'Pass',
            rule_index: '4',
          },
        ]),
      ),
    );
    expect(hitsOf(flow)).toEqual([
      'AdminNetworkPolicy /ops@adminnetworkpolicy enforced pass rule 4',
      'BaselineAdminNetworkPolicy /default@baselineadminnetworkpolicy enforced pass policy -1',
      'CalicoNetworkPolicy n/web@default enforced allow rule 0',
    ]);
  });

  test('from 3.32: names as written, cluster network policies', () => {
    const flow = decodeBytes(
      asResult(
        keyWith([
          { kind: 'ClusterNetworkPolicy', name: 'ops', tier: 'kube-admin', action: 'Pass' },
          {
            kind: 'CalicoNetworkPolicy',
            namespace: 'n',
            name: 'web',
            tier: 'default',
            action: 'Allow',
            policy_index: '1',
          },
        ]),
      ),
    );
    expect(hitsOf(flow)).toEqual([
      'ClusterNetworkPolicy /ops@kube-admin enforced pass rule 0',
      'CalicoNetworkPolicy n/web@default enforced allow rule 0',
    ]);
  });

  test('values that are newer than this program keep their numbers, and allow nothing', () => {
    const hit = { kind: 12, name: 'x', tier: 't', action: 4 };
    const flow = decodeJson({
      ...goldmaneFlow(1_760_000_010, 'a'),
      Key: { ...(keyWith([hit], { action: 9, reporter: 3, source_type: 7 })['Key'] as JsonObject) },
    });
    expect(flow).toMatchObject({ verdict: { kind: 'unknown', wire: '9' }, reporter: 'unknown' });
    expect(hitsOf(flow)).toEqual(['12 /x@t enforced unknown rule 0']);
    expect(hitCounts(flow)).toEqual([]);
  });

  test('a drop at the end of a tier says so, and hits nobody', () => {
    const end = { kind: 'EndOfTier', tier: 't', action: 'Deny', rule_index: '-1' };
    const flow = decodeJson(keyWith([end], { action: 'Deny' }));
    expect(flow.verdict).toEqual({ kind: 'dropped', reason: 'CALICO_END_OF_TIER' });
    expect(hitCounts(flow)).toEqual([]);
  });

  test('what is no flow is refused with a reason', () => {
    const decode = createGoldmaneBytesDecoder({ origin: 'g' });
    expect(decode(Buffer.from('00ff', 'hex'), RECEIVED)).toMatchObject({ ok: false });
    expect(decode(Buffer.alloc(0), RECEIVED)).toEqual({ ok: false, reason: 'not a Goldmane flow' });
  });
});
