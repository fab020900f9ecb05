import { describe, expect, test } from 'vitest';
import type { Flow, Gap } from '../../../server/core/flow.ts';
import { parseTime } from '../../../server/core/time.ts';
import { decoder, flow, flowOf, RECEIVED } from '../../support/decode-hubble.ts';

describe('endpoints', () => {
  const end = (fields: object): Flow['source'] => flow({ source: fields }).source;

  test.each([
    [{ labels: ['reserved:kube-apiserver', 'reserved:world'] }, 'network', 'kube-apiserver'],
    [{ labels: ['reserved:kube-apiserver', 'reserved:remote-node'] }, 'host', 'kube-apiserver'],
    [{ labels: ['reserved:host', 'reserved:remote-node'] }, 'host', 'host'],
    [{ labels: ['reserved:remote-node'], identity: 33554432 }, 'host', 'remote-node'],
    [{ labels: ['reserved:world-ipv4'] }, 'network', 'world-ipv4'],
    [
      { labels: ['cidr:10.0.0.0/8', 'cidr:10.1.2.3/32', 'reserved:world'] },
      'network',
      '10.1.2.3/32',
    ],
    [{ labels: ['cidr:2001-db8--/64', 'reserved:world'] }, 'network', '2001:db8::/64'],
    [{ labels: ['fqdn:example.com', 'reserved:world'] }, 'network', 'example.com'],
    [{ identity: 2 }, 'network', 'world'],
    [{ pod_name: 'web-0', namespace: 'shop' }, 'workload', ''],
    [{ namespace: 'shop', workloads: [{ name: 'web', kind: 'Deployment' }] }, 'workload', ''],
    [{ identity: 16777217 }, 'unknown', ''],
  ])('%j is %s %s', (fields, kind, name) => {
    expect(end(fields)).toMatchObject({ kind, name });
  });

  test('a remote pod gets the workload that its own node told before', () => {
    const decode = decoder();
    const pod = { namespace: 'shop', pod_name: 'web-0', cluster_name: 'c' };
    const workloads = [{ name: 'web', kind: 'StatefulSet' }];
    expect(flowOf({ flow: { destination: pod } }, decode).destination.workload).toBe('');
    flowOf({ flow: { source: { ...pod, ID: 7, workloads } } }, decode);
    const learned = flowOf({ flow: { destination: pod } }, decode).destination;
    expect(learned).toMatchObject({ workload: 'web', workloadKind: 'StatefulSet' });
    const elsewhere = { ...pod, cluster_name: 'other' };
    expect(flowOf({ flow: { destination: elsewhere } }, decode).destination.workload).toBe('');
  });

  test('equal endpoints and hits are one object', () => {
    const decode = decoder();
    const record = {
      flow: { source: { pod_name: 'a', namespace: 'n' }, egress_allowed_by: [{ name: 'p' }] },
    };
    const [one, other] = [flowOf(record, decode), flowOf(structuredClone(record), decode)];
    expect(other.source).toBe(one.source);
    expect(other.hits).toBe(one.hits);
  });
});

describe('reporter', () => {
  const local = { ID: 5, identity: 900 };
  const remote = { identity: 901 };

  test.each([
    ['the local end is the source', { source: local, destination: remote }, 'source'],
    ['the local end is the destination', { source: remote, destination: local }, 'destination'],
    [
      'both are local and policy decided on ingress',
      {
        source: local,
        destination: { ...local, ID: 6 },
        event_type: { type: 5 },
        traffic_direction: 'INGRESS',
      },
      'destination',
    ],
    [
      'both are local and the packet was delivered',
      {
        source: local,
        destination: { ...local, ID: 6 },
        event_type: { type: 4 },
        trace_observation_point: 'TO_ENDPOINT',
      },
      'destination',
    ],
    [
      'a proxy at the server saw the response',
      { event_type: { type: 129 }, traffic_direction: 'INGRESS', is_reply: true },
      'source',
    ],
    [
      'Retina writes identities as ids, so only its trace point tells',
      {
        source: { ID: 900, identity: 900 },
        destination: { ID: 901, identity: 901 },
        event_type: { type: 4 },
        trace_observation_point: 'TO_STACK',
      },
      'source',
    ],
    [
      'drops of Retina are always ingress and tell nothing',
      {
        source: { ID: 900, identity: 900 },
        destination: { ID: 901, identity: 901 },
        event_type: { type: 1 },
        traffic_direction: 'INGRESS',
      },
      'unknown',
    ],
  ])('%s', (_, fields, reporter) => {
    expect(flow(fields).reporter).toBe(reporter);
  });
});

describe('policies', () => {
  test('each list gives its direction and action; the kind may stand in a label', () => {
    const labels = [
      'k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy',
      'k8s:io.cilium.k8s.policy.name=p',
      'k8s:io.cilium.k8s.policy.namespace=shop',
    ];
    const { hits } = flow({
      verdict: 'DROPPED',
      ingress_denied_by: [{ labels }, {}],
      egress_allowed_by: [{ name: 'q', kind: 'NetworkPolicy', namespace: 'shop' }],
    });
    const common = { stage: 'enforced', matched: 'policy', rule: -1 };
    expect(hits).toEqual([
      {
        policy: { kind: 'CiliumNetworkPolicy', namespace: 'shop', name: 'p', tier: '' },
        direction: 'ingress',
        action: 'deny',
        ...common,
      },
      {
        policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'q', tier: '' },
        direction: 'egress',
        action: 'allow',
        ...common,
      },
    ]);
  });
});

describe('identity of a record', () => {
  test('a uuid is the id; without one what the record says is', () => {
    expect(flow({ uuid: '00000000-0000-4000-8000-00000000000A' }).id).toBe(
      '0000000000004000800000000000000a',
    );
    const plain = { time: '2026-01-02T03:04:05.000000001Z', node_name: 'n', verdict: 'DROPPED' };
    expect(flow(plain).id).toBe(flow(plain).id);
    expect(flow(plain).id).not.toBe(flow({ ...plain, time: '2026-01-02T03:04:05.000000002Z' }).id);
    expect(flow(plain).id).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each([
    '2026-01-02T03:04:05Z',
    '2026-01-02T03:04:05.1Z',
    '2026-01-02T03:04:05.678901234Z',
    '2026-01-02T03:04:05.678901234+02:00',
    '1969-12-31T23:59:59.999999999Z',
  ])('time %s keeps its nanoseconds', (time) => {
    expect(flow({ time }).observedAt).toBe(parseTime(time));
  });
});

describe('losses and news of nodes', () => {
  const gap = (record: object, decode = decoder()): Gap => {
    const result = decode(record);
    if (!result.ok || result.kind !== 'gap') throw new Error('no gap');
    return result.gap;
  };

  test('a loss counts in 64 bits and spans from its first to its last', () => {
    const lost = {
      source: 'OBSERVER_EVENTS_QUEUE',
      num_events_lost: '18446744073709551615',
      first: '2026-01-02T03:04:04Z',
      last: '2026-01-02T03:04:05Z',
    };
    expect(gap({ lost_events: lost, node_name: 'c/n' })).toEqual({
      kind: 'lost',
      origin: 'test',
      node: 'c/n',
      from: parseTime(lost.first),
      to: parseTime(lost.last)! + 1n,
      count: 18446744073709551615n,
      reason: 'OBSERVER_EVENTS_QUEUE',
    });
  });

  test.each([
    [2 ** 60, 2n ** 60n],
    [7, 7n],
    ['9007199254740993', 9007199254740993n],
    [-1, 0n],
    ['99999999999999999999', 0n],
    [1e300, 0n],
  ])('a loss of %j counts %d', (num_events_lost, count) => {
    expect(gap({ lost_events: { num_events_lost } }).count).toBe(count);
  });

  test('times of a loss that no store can hold give way to the envelope (fault 68)', () => {
    const lost_events = { first: '0001-01-01T00:00:00Z', last: '9999-12-31T23:59:59Z' };
    const time = '2026-01-02T03:04:05Z';
    const at = parseTime(time)!;
    expect(gap({ lost_events, time })).toMatchObject({ from: at, to: at + 1n });
    expect(gap({ lost_events, time: lost_events.first })).toMatchObject({ from: RECEIVED });
    const last = '2262-04-11T23:47:16.854775806Z';
    expect(gap({ lost_events: { first: last, last } }).to).toBe(2n ** 63n - 1n);
  });

  test('the node of a loss gets the cluster that flows of it named', () => {
    const decode = decoder();
    const lost = { lost_events: {}, node_name: 'node-1' };
    expect(gap(lost, decode).node).toBe('node-1');
    flowOf({ flow: { node_name: 'c/node-1' } }, decode);
    expect(gap(lost, decode).node).toBe('c/node-1');
  });

  test('a node status keeps a state that is newer as it is', () => {
    const status = { state_change: 'NODE_ERROR', node_names: ['a', 'a', 'b'], message: 'why' };
    expect(decoder()({ node_status: status })).toEqual({
      ok: true,
      kind: 'node-status',
      status: { state: 'NODE_ERROR', nodes: ['a', 'b'], message: 'why' },
    });
    expect(decoder()({ node_status: { state_change: 9 } })).toMatchObject({
      status: { state: '9' },
    });
  });
});

describe('L7', () => {
  test('HTTP, DNS and Kafka give method, path and status', () => {
    const l7 = (fields: object): unknown => flow({ l7: fields }).l7;
    expect(l7({ type: 'REQUEST', http: { method: 'GET', url: 'http://x/' } })).toEqual({
      protocol: 'http',
      type: 'request',
      method: 'GET',
      path: 'http://x/',
      status: -1,
    });
    expect(l7({ type: 'RESPONSE', dns: { query: 'a.b.', qtypes: ['A', 'AAAA'] } })).toEqual({
      protocol: 'dns',
      type: 'response',
      method: 'A,AAAA',
      path: 'a.b',
      status: 0,
    });
    expect(l7({ type: 'REQUEST', kafka: { api_key: 'produce', topic: 't' } })).toMatchObject({
      protocol: 'kafka',
      method: 'produce',
      path: 't',
    });
  });
});
