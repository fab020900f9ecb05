import { describe, expect, test } from 'vitest';
import type { Flow, Gap } from '../../../server/core/flow.ts';
import { nanos, parseTime } from '../../../server/core/time.ts';
import { createHubbleDecoder, type HubbleRecord } from '../../../server/sources/decode/hubble.ts';
import { hubbleLines } from '../../../server/sources/hubble-file.ts';
import { sampleLines, sampleNames } from '../../support/samples.ts';

const RECEIVED = nanos(1_800_000_000_000_000_000n);

type Decode = (record: unknown) => HubbleRecord;

function decoder(): Decode {
  const decode = createHubbleDecoder({ origin: 'test' });
  const raw = { format: 'hubble-json', bytes: new Uint8Array() } as const;
  return (record) => decode({ record, raw, receivedAt: RECEIVED });
}

function flowOf(record: unknown, decode = decoder()): Flow {
  const result = decode(record);
  if (!result.ok || result.kind !== 'flow') throw new Error(`no flow: ${JSON.stringify(result)}`);
  return result.flow;
}

const flow = (fields: object): Flow => flowOf({ flow: fields });

const NOT_FLOWS = new Set([
  'hubble/filters.jsonl',
  'hubble/wire-vectors.jsonl',
  'hubble/README.md',
]);
const files = sampleNames('hubble').filter((name) => !NOT_FLOWS.has(name));

type Wire = { flow?: { verdict?: unknown; l7?: unknown }; verdict?: unknown; log?: string };

/** Verdicts as the reference folds them, counted from the text without our decoder. */
function countVerdicts(lines: readonly string[]): Record<string, number> {
  const folded: Record<string, string> = {
    FORWARDED: 'allowed',
    REDIRECTED: 'allowed',
    '1': 'allowed',
    DROPPED: 'dropped',
    AUDIT: 'audit',
    ERROR: 'error',
  };
  const counts: Record<string, number> = {};
  for (const text of lines) {
    let record: Wire;
    try {
      record = JSON.parse(text) as Wire;
    } catch {
      continue;
    }
    if (record.log !== undefined) record = JSON.parse(record.log) as Wire;
    const told = record.flow ?? ('verdict' in record ? record : undefined);
    if (told === undefined) continue;
    const kind = folded[String(told.verdict)] ?? 'unknown';
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

test.each(files)('%s: every record is a flow with the verdict that it names', (name) => {
  const lines = sampleLines(name);
  const decode = hubbleLines('test', '');
  const counts: Record<string, number> = {};
  for (const [offset, text] of lines.entries()) {
    const place = { file: name, offset, always: true };
    const bytes = Buffer.from(text);
    const { flow: found } = decode({ text, bytes, place, receivedAt: RECEIVED });
    if (found === undefined) continue;
    counts[found.verdict.kind] = (counts[found.verdict.kind] ?? 0) + 1;
    expect(found.raw).toEqual({ format: 'hubble-json', bytes });
  }
  expect(counts).toEqual(countVerdicts(lines));
});

describe('verdicts', () => {
  const dropped = (fields: object): unknown => flow({ verdict: 'DROPPED', ...fields }).verdict;

  test('a drop carries its reason by name, by number, or by the kind of event', () => {
    const reason = (text: string): object => ({ kind: 'dropped', reason: text });
    expect(dropped({ drop_reason_desc: 'POLICY_DENY' })).toEqual(reason('POLICY_DENY'));
    expect(dropped({ drop_reason_desc: 133 })).toEqual(reason('POLICY_DENIED'));
    expect(dropped({ drop_reason: 155 })).toEqual(reason('CT_MAP_INSERTION_FAILED'));
    expect(dropped({ event_type: { type: 1, sub_type: 182 } })).toEqual(reason('VLAN_FILTERED'));
    expect(dropped({ event_type: { type: 129 }, l7: {} })).toEqual(reason('L7_DENIED'));
    expect(dropped({})).toEqual(reason('DROP_REASON_UNKNOWN'));
  });

  test('words and numbers newer than this program are kept and never allowed (fault 81)', () => {
    expect(flow({ verdict: 'A_VERDICT_OF_TOMORROW' })).toMatchObject({
      verdict: { kind: 'unknown', wire: 'A_VERDICT_OF_TOMORROW' },
      wireVerdict: 'A_VERDICT_OF_TOMORROW',
    });
    expect(flow({ verdict: 15 }).verdict).toEqual({ kind: 'unknown', wire: '15' });
    expect(dropped({ drop_reason_desc: 250 })).toEqual({ kind: 'dropped', reason: '250' });
    expect(dropped({ drop_reason_desc: 'NEW_REASON' })).toEqual({
      kind: 'dropped',
      reason: 'NEW_REASON',
    });
    const policy = { name: 'p', kind: 'PolicyOfTomorrow' };
    expect(flow({ egress_allowed_by: [policy] }).hits[0]?.policy.kind).toBe('PolicyOfTomorrow');
  });

  test.each(['TRACED', 'TRANSLATED', 'VERDICT_UNKNOWN'])('%s decides nothing', (word) => {
    expect(flow({ verdict: word }).verdict).toEqual({ kind: 'unknown', wire: word });
  });
});

describe('forms of a record', () => {
  test('camelCase, numbers for names and text for numbers read alike', () => {
    const snake = flow({
      verdict: 'FORWARDED',
      is_reply: false,
      node_name: 'c/n',
      event_type: { type: 5 },
      traffic_direction: 'EGRESS',
      l4: { TCP: { source_port: 1, destination_port: 2 } },
      egress_allowed_by: [{ name: 'p', namespace: 'ns' }],
    });
    const camel = flow({
      verdict: 1,
      isReply: false,
      nodeName: 'c/n',
      eventType: { type: '5' },
      trafficDirection: 2,
      l4: { TCP: { sourcePort: '1', destinationPort: '2' } },
      egressAllowedBy: [{ name: 'p', namespace: 'ns' }],
    });
    expect(camel).toEqual(snake);
  });

  test('a masked record without time takes that of its receipt and says so', () => {
    const masked = flow({ verdict: 'DROPPED', source: {} });
    expect(masked).toMatchObject({ observedAt: RECEIVED, timeFrom: 'receipt', node: '' });
    expect(masked.source.kind).toBe('unknown');
  });

  test('an aggregated record weighs the sum of its counters', () => {
    const aggregate = { ingress_flow_count: 6, egress_flow_count: '4' };
    expect(flow({ aggregate }).counts.events).toBe(10);
    expect(flow({}).counts.events).toBe(1);
  });

  test('a record inside the text of a log shipper is unwrapped once', () => {
    const inner = JSON.stringify({ flow: { verdict: 'DROPPED' } });
    expect(flowOf({ log: `${inner}\n`, stream: 'stdout' }).verdict.kind).toBe('dropped');
  });

  test.each([
    [{ agent_event: {} }, 'agent event'],
    [{ debugEvent: {} }, 'debug event'],
    [{ tomorrows_event: {} }, 'unknown kind of record'],
    [{ args: [], whitelist: [{ verdict: ['DROPPED'] }] }, 'unknown kind of record'],
    [null, 'not a JSON object'],
  ])('%j is refused as: %s', (record, reason) => {
    expect(decoder()(record)).toEqual({ ok: false, reason });
  });

  test('text that is not JSON, or nests without end, is refused (fault 33)', () => {
    const decode = hubbleLines('test', '');
    const line = (text: string): object =>
      decode({
        text,
        bytes: Buffer.from(text),
        place: { file: 'f', offset: 0, always: false },
        receivedAt: RECEIVED,
      });
    expect(line('not json')).toEqual({ rejected: 'not JSON' });
    expect(line('{"flow":')).toEqual({ rejected: 'not JSON' });
    expect(line('['.repeat(900_000))).toEqual({ rejected: 'not JSON' });
    const deep = `{"flow":{"extensions":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}}`;
    expect(line(deep)).toHaveProperty('flow');
  });

  test('fields of the wrong type count as absent', () => {
    const odd = flow({ verdict: {}, time: 5, l4: 'x', source: [], IP: null, event_type: 'drop' });
    expect(odd).toMatchObject({ protocol: '', sourcePort: -1, sourceIp: '', event: 'unknown' });
    expect(odd.verdict.kind).toBe('unknown');
  });
});

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
