import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../server/core/flow.ts';
import type { HubbleRecord } from '../../../server/sources/decode/hubble.ts';
import { getFlowsResponse } from '../../../server/sources/hubble-proto.ts';
import type { JsonObject } from '../../../server/sources/json-value.ts';
import { fuzzMessages } from '../../fuzz/messages.ts';
import { bothWays } from '../../support/both-ways.ts';
import { podTraffic } from '../../support/pod-traffic.ts';
import { wireVectors } from '../../support/samples.ts';

const vectors = wireVectors().map(({ name, pb }) => ({ name, bytes: Buffer.from(pb, 'base64') }));

const message = (flow: JsonObject, outer: JsonObject = {}): Buffer =>
  getFlowsResponse.encode({ ...outer, flow });

function flowOf(record: HubbleRecord): Flow {
  if (!record.ok || record.kind !== 'flow') throw new Error(`no flow: ${JSON.stringify(record)}`);
  return record.flow;
}

describe('a message decoded from its bytes', () => {
  test.each(vectors)(
    '$name is the same as by way of JSON, at first sight and later',
    ({ bytes }) => {
      const { decode } = bothWays();
      for (let time = 0; time < 3; time += 1) {
        const { right, found } = decode(bytes);
        expect(found).toStrictEqual(right);
      }
    },
  );

  test('the common kinds of flow need no JSON', () => {
    const common =
      /^(audit-then|conversation-tcp|cross-cluster|drops|explicit-deny|exporter-f|icmp|policy-verdict-audit|redirected|trace-)/;
    const notCommon = vectors
      .filter(({ name }) => common.test(name))
      .filter(({ bytes }) => {
        const { decode, leftToGeneric } = bothWays();
        decode(bytes);
        return leftToGeneric() > 0;
      });
    expect(notCommon.map(({ name }) => name)).toEqual([]);
    const { decode, leftToGeneric } = bothWays();
    for (const { bytes } of vectors) decode(bytes);
    expect(vectors.length - leftToGeneric()).toBeGreaterThanOrEqual(59);
  });

  test('flows have their properties in one order, whichever way they came', () => {
    const { decode } = bothWays();
    const orders = vectors.flatMap(({ bytes }) => {
      const { right, found } = decode(bytes);
      return [right, found].map((record) =>
        record.ok && record.kind === 'flow' ? Object.keys(record.flow).join() : undefined,
      );
    });
    expect(new Set(orders.filter((order) => order !== undefined)).size).toBe(1);
  });

  test('what flows have in common is shared between them', () => {
    const { decode } = bothWays();
    const flows = podTraffic({ endpoints: 1, count: 20 }).map((bytes) =>
      flowOf(decode(bytes).found),
    );
    for (const key of ['sourceIp', 'sourceNames', 'counts', 'node'] as const) {
      expect(new Set(flows.map((flow) => flow[key])).size).toBe(1);
    }
    expect(new Set(flows.map(({ hits }) => hits)).size).toBe(2);
    expect(new Set(flows.map(({ verdict }) => verdict)).size).toBe(2);
  });

  test('a remote pod has the workload that was learned last, whoever taught it', () => {
    const pod = { pod_name: 'web-0', namespace: 'shop', labels: ['k8s:app=web'] };
    const remote = message({ destination: pod, uuid: 'a' });
    const local = (kind: string): JsonObject => ({
      ...pod,
      ID: 7,
      workloads: [{ name: 'web', kind }],
    });
    // An L7 flow goes the generic way and teaches as well.
    const dns = message({ source: local('DaemonSet'), l7: { type: 'REQUEST', dns: {} } });
    const toItself = message({ source: pod, destination: local('Deployment') });
    const order = [
      ...[remote, message({ source: local('StatefulSet') }), remote, dns, remote, toItself],
      ...[remote, message({ source: local('StatefulSet') }), remote],
    ];
    const { decode } = bothWays();
    const kinds = order.map((bytes) => {
      const { right, found } = decode(bytes);
      expect(found).toStrictEqual(right);
      return flowOf(found).destination.workloadKind;
    });
    expect(kinds.filter((_, at) => order[at] === remote)).toEqual([
      '',
      'StatefulSet',
      'DaemonSet',
      'Deployment',
      'Deployment',
    ]);
  });

  test('a flow without uuid has an id made of what it says', () => {
    const flow = { verdict: 'DROPPED', event_type: { type: 1, sub_type: 133 }, node_name: 'a/b' };
    const { decode, leftToGeneric } = bothWays();
    const { right, found } = decode(message(flow));
    expect(found).toStrictEqual(right);
    expect(leftToGeneric()).toBe(0);
    expect(flowOf(found).id).not.toBe(
      flowOf(decode(message({ ...flow, verdict: 'AUDIT' })).found).id,
    );
  });

  test.each([
    'ABCDEF00-0000-4000-8000-0123456789ab',
    'abcdef0000004000800001234567890-----',
    'abcdef00-0000-4000-8000-0123456789ag',
    'é',
  ])('the uuid %s gives the same id', (uuid) => {
    const { right, found } = bothWays().decode(message({ uuid }));
    expect(found).toStrictEqual(right);
  });

  test('a lost event is told with the cluster of a node that a common flow named', () => {
    const { decode } = bothWays();
    decode(message({ node_name: 'east/node-1' }));
    const lost = { source: 'HUBBLE_RING_BUFFER', num_events_lost: '3' };
    const { right, found } = decode(
      getFlowsResponse.encode({ lost_events: lost, node_name: 'node-1' }),
    );
    expect(found).toStrictEqual(right);
    expect(found).toMatchObject({ kind: 'gap', gap: { node: 'east/node-1' } });
  });

  test('any mutation gives what the generic way gives, and never throws (fault 33)', () => {
    const { messages, rejected, leftToGeneric } = fuzzMessages({ count: 20_000, seed: 20_261_123 });
    const refused = [...rejected.values()].reduce((sum, count) => sum + count, 0);
    // A generator that only breaks messages, or never does, would prove little.
    expect(refused).toBeGreaterThan(messages / 20);
    expect(messages - leftToGeneric).toBeGreaterThan(messages / 20);
  }, 120_000);
});
