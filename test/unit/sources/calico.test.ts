import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../server/core/flow.ts';
import { nanos } from '../../../server/core/time.ts';
import { calicoLines } from '../../../server/sources/calico-line.ts';
import { parsePolicyString } from '../../../server/sources/decode/calico-policy.ts';
import type { DecodedLine } from '../../../server/sources/line-decoder.ts';
import { sampleLines } from '../../support/samples.ts';

const RECEIVED = nanos(1_800_000_000_000_000_000n);
const SECOND = 1_000_000_000n;

function decodeText(text: string, offset = 0): DecodedLine {
  const place = { file: 'f', offset, always: false };
  const decode = calicoLines('calico', 'configured-node');
  return decode({ text, bytes: Buffer.from(text), place, receivedAt: RECEIVED });
}

function flow(fields: object): Flow {
  const record = { action: 'allow', reporter: 'src', start_time: 1, end_time: 2, ...fields };
  const { flow: found, rejected } = decodeText(JSON.stringify(record));
  if (found === undefined) throw new Error(`no flow: ${String(rejected)}`);
  return found;
}

type Case = { s: string; valid: boolean; expect?: object };

describe('policy strings', () => {
  const cases = sampleLines('calico/policy-strings.jsonl').map((line) => JSON.parse(line) as Case);

  test.each(cases.filter((one) => one.expect !== undefined))('$s', ({ s, expect: wanted }) => {
    expect(parsePolicyString(s)).toEqual(wanted);
  });

  test.each(cases.filter((one) => one.valid && one.expect === undefined))('$s is read', ({ s }) => {
    expect(parsePolicyString(s)).toBeDefined();
  });

  test.each(cases.filter((one) => !one.valid))('$s is refused without a crash', ({ s }) => {
    expect(parsePolicyString(s)).toBeUndefined();
  });
});

test.each(['flows-file', 'constructed-flows'])(
  '%s: every line is a flow with the verdict of its action',
  (name) => {
    for (const text of sampleLines(`calico/${name}.jsonl`)) {
      const { action } = JSON.parse(text) as { action: string };
      const { flow: found, rejected } = decodeText(text);
      expect(rejected).toBeUndefined();
      expect(found?.verdict.kind).toBe(action === 'allow' ? 'allowed' : 'dropped');
      expect(found?.wireVerdict).toBe(action);
    }
  },
);

describe('a line of a flow log', () => {
  test('ends, window and counters of a real line', () => {
    const { flow: found } = decodeText(sampleLines('calico/flows-file.jsonl')[0]!);
    expect(found).toMatchObject({
      node: 'configured-node',
      event: 'flow-log',
      reporter: 'destination',
      direction: 'ingress',
      observedAt: 1659621842n * SECOND,
      window: { from: 1659621542n * SECOND, to: 1659621842n * SECOND },
      source: { kind: 'workload', namespace: 'default', pod: 'multitool', workload: 'multitool' },
      destination: { workload: 'checkoutservice', pod: 'checkoutservice-598d5b586d-wsvmz' },
      sourceIp: '10.48.116.157',
      sourcePort: -1,
      destinationPort: 5050,
      protocol: 'tcp',
      verdict: { kind: 'dropped', reason: 'CALICO_END_OF_TIER' },
      counts: { connections: 1, packetsForward: 5, packetsReverse: 0, bytesForward: 300 },
    });
    expect(found?.hits.map(({ policy, matched }) => [policy.tier, policy.name, matched])).toEqual([
      ['security', 'tenant-histershop', 'rule'],
      ['app-hipstershop', 'checkoutservice', 'end-of-tier'],
    ]);
  });

  test('in and out become forward and reverse by the reporter', () => {
    const traffic = { bytes_in: 1, bytes_out: 2, packets_in: 3, packets_out: 4 };
    expect(flow({ ...traffic, reporter: 'src' }).counts).toMatchObject({
      bytesForward: 2,
      bytesReverse: 1,
      packetsForward: 4,
      packetsReverse: 3,
    });
    expect(flow({ ...traffic, reporter: 'dst' }).counts).toMatchObject({
      bytesForward: 1,
      bytesReverse: 2,
    });
    expect(flow({ ...traffic, reporter: 'fwd' })).toMatchObject({
      reporter: 'forward',
      counts: { bytesForward: -1, bytesReverse: -1 },
    });
  });

  test.each([
    ['the connections begun in its window', { num_flows_started: 40, packets_in: 9 }, 40],
    ['1 where only older connections moved data', { num_flows_started: 0, packets_in: 9 }, 1],
    ['1 where its counters are not told', {}, 1],
    [
      'nothing where its connections moved no data',
      { num_flows_started: 0, packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0 },
      0,
    ],
  ])('a line weighs %s', (_, counters, events) => {
    const none = { num_flows_started: undefined, packets_in: undefined, packets_out: undefined };
    expect(flow({ ...none, bytes_in: undefined, ...counters }).counts.events).toBe(events);
  });

  test.each([
    ['deny rule', ['0|t|t.p|deny|3'], 'CALICO_DENY'],
    ['end of tier', ['0|t|t.p|pass|1', '1|default|np:n/p|deny|-1'], 'CALICO_END_OF_TIER'],
    ['no profile', ['0|__PROFILE__|__PROFILE__.__NO_MATCH__|deny|-1'], 'CALICO_NO_PROFILE'],
    ['nothing told', [], 'CALICO_NOT_TOLD'],
  ])('a denial by %s gives its reason', (_, hits, reason) => {
    const denied = flow({ action: 'deny', policies: { enforced_policies: hits } });
    expect(denied.verdict).toEqual({ kind: 'dropped', reason });
  });

  test('an action that is not known is never allowed (fault 81)', () => {
    expect(flow({ action: 'mirror' }).verdict).toEqual({ kind: 'unknown', wire: 'mirror' });
  });

  test('hits are sorted by index, and all_policies stands in with its staged ones as pending', () => {
    const all = [
      '2|default|ns/default.b|allow|2',
      '1|t2|ns/t2.staged:s|deny|1',
      '0|t1|ns/t1.a|pass|3',
    ];
    const names = (policies: object): readonly string[] =>
      flow({ policies }).hits.map(({ stage, policy }) => `${stage} ${policy.name}`);
    expect(names({ all_policies: all })).toEqual(['enforced a', 'enforced b', 'pending s']);
    expect(names({ all_policies: all, pending_policies: [] })).toEqual([
      'enforced a',
      'enforced b',
    ]);
    expect(
      names({ all_policies: all, enforced_policies: [all[0]], pending_policies: [all[1]] }),
    ).toEqual(['enforced b', 'pending s']);
  });

  test('a hit of four fields, of rule -2, and of a profile name no rule', () => {
    const hits = [
      '0|default|ns/default.a|allow',
      '1|default|np:ns/b|allow|-2',
      '2|__PROFILE__|pro:kns.ns|allow|0',
    ];
    const policies = { enforced_policies: hits };
    expect(flow({ policies }).hits.map(({ matched, rule }) => [matched, rule])).toEqual([
      ['policy', -1],
      ['policy', -1],
      ['profile', 0],
    ]);
  });

  test('a policy has one name, whichever generation of agent wrote it', () => {
    const strings = ['0|t|ns/t.p|allow|0', '0|t|np:ns/t.p|allow|0', '0|t|np:ns/p|allow|0'];
    const refs = strings.map(
      (hit) => flow({ policies: { enforced_policies: [hit] } }).hits[0]?.policy,
    );
    expect(new Set(refs.map((ref) => JSON.stringify(ref))).size).toBe(1);
  });

  test('transit hits belong to no direction; dst, fwd reports as the destination', () => {
    const policies = { transit_policies: ['0|default|default.f|allow|0'] };
    const both = flow({ reporter: 'dst, fwd', policies });
    expect(both.reporter).toBe('destination');
    expect(both.hits[0]).toMatchObject({ stage: 'transit', direction: 'unknown' });
  });

  test.each([
    [1_770_000_000, 1_770_000_000n * SECOND],
    [1_770_000_000_123, 1_770_000_000_123n * 1_000_000n],
    [1_770_000_000_123_456, 1_770_000_000_123_456n * 1_000n],
    ['1770000000123456789', 1_770_000_000_123_456_789n],
    ['1770000000', 1_770_000_000n * SECOND],
    [1_770_000_000.25, 1_770_000_000_250n * 1_000_000n],
    ['1770000000.000000001', 1_770_000_000n * SECOND + 1n],
    ['2026-02-02T02:40:00.5Z', 1_770_000_000_500n * 1_000_000n],
    ['2026-02-02T02:40:00', 1_770_000_000n * SECOND],
  ])('time %s is understood', (time, expected) => {
    expect(flow({ end_time: time }).observedAt).toBe(expected);
  });

  test.each([
    0,
    -5,
    1e25,
    9.3e18,
    '9300000000000000000',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ])(
    'an end at %s, which no store can hold, costs the window and not the flow (fault 68)',
    (end_time) => {
      expect(flow({ start_time: 1_770_000_000, end_time })).toMatchObject({
        observedAt: 1_770_000_000n * SECOND,
        timeFrom: 'record',
        window: undefined,
      });
    },
  );

  test('a line without times takes that of its receipt', () => {
    const { flow: found } = decodeText('{"action":"allow","reporter":"src"}');
    expect(found).toMatchObject({ timeFrom: 'receipt', observedAt: RECEIVED, window: undefined });
  });

  test.each([
    ['web-6d4b75cb6d-*', [], 'web'],
    ['web-front-*', [], 'web-front'],
    ['db-*', [], 'db'],
    ['web-abc-*', ['pod-template-hash=abc'], 'web'],
    ['*', [], ''],
  ])('name %s with labels %j is of workload "%s"', (source_name_aggr, labels, workload) => {
    const end = {
      source_type: 'wep',
      source_name: '-',
      source_name_aggr,
      source_labels: { labels },
    };
    expect(flow(end).source).toMatchObject({ kind: 'workload', pod: '', workload });
  });

  test.each([
    ['hep', 'node-a', 'node-a', 'host', 'node-a'],
    ['ns', '-', 'partners', 'networkSet', 'partners'],
    ['net', '-', 'pub', 'network', 'pub'],
  ])('an end of type %s is named', (dest_type, dest_name, dest_name_aggr, kind, name) => {
    expect(flow({ dest_type, dest_name, dest_name_aggr }).destination).toMatchObject({
      kind,
      name,
    });
  });

  test('labels are read in every encoding', () => {
    const labels = (source_labels: unknown): readonly string[] =>
      flow({ source_labels }).source.labels;
    expect(labels({ labels: ['a=b=c'] })).toEqual(['a=b=c']);
    expect(labels(['a=b'])).toEqual(['a=b']);
    expect(labels({ a: 'b' })).toEqual(['a=b']);
    expect(labels(null)).toEqual([]);
  });
});

describe('lines that passed through other hands', () => {
  test.each([
    [6, 'tcp'],
    [17, 'udp'],
    [1, 'icmp'],
    [58, 'icmpv6'],
    [132, 'sctp'],
    [47, '47'],
    ['6', 'tcp'],
    ['ICMP6', 'icmpv6'],
  ])('protocol %j is %s', (proto, protocol) => {
    expect(flow({ proto }).protocol).toBe(protocol);
  });

  test.each([null, undefined, 5])('reporter %j is unknown, and the line is a flow', (reporter) => {
    const found = flow({ reporter, source_name_aggr: 'web-*', dest_name_aggr: 'pub' });
    expect(found).toMatchObject({ reporter: 'unknown', direction: 'unknown' });
    expect(found.verdict.kind).toBe('allowed');
  });

  test('times of null are no times', () => {
    const found = flow({ start_time: null, startTime: null, end_time: null });
    expect(found).toMatchObject({ timeFrom: 'receipt', window: undefined });
  });

  test.each(['log', 'message', 'msg'])('a line inside the text of %s is unwrapped once', (key) => {
    const [inner] = sampleLines('calico/flows-file.jsonl');
    const wrapped = decodeText(JSON.stringify({ [key]: `${inner}\n`, stream: 'stdout' })).flow;
    const plain = decodeText(inner!).flow;
    expect(wrapped).toEqual({ ...plain, id: wrapped?.id, raw: wrapped?.raw });
  });
});

describe('lines that are no flows', () => {
  test.each([
    ['calico/constructed-dns.jsonl', 'Calico DNS log line, not a flow'],
    ['calico/constructed-l7.jsonl', 'Calico L7 log line, not a flow'],
    [
      'calico/flows-file-2018-space-delimited.log',
      'old space-separated Calico format (2018), not supported',
    ],
  ])('%s', (name, reason) => {
    for (const text of sampleLines(name)) expect(decodeText(text)).toEqual({ rejected: reason });
  });

  test('a flow with policy strings that cannot be read is kept and counted', () => {
    const policies = { enforced_policies: ['garbage', '0|default|gnp:a|allow|0'] };
    const line = JSON.stringify({ action: 'allow', reporter: 'src', policies });
    const decoded = decodeText(line);
    expect(decoded.flow?.hits).toHaveLength(1);
    expect(decoded.rejected).toBe('unreadable policy string (flow kept)');
  });

  test('a line of which no time can be held is refused (fault 68)', () => {
    const line = '{"start_time":1e25,"end_time":9.3e18,"action":"allow","reporter":"src"}';
    expect(decodeText(line)).toEqual({
      rejected: 'Calico line with times outside 1970 to 2262',
    });
  });

  test('times of the wrong type are refused', () => {
    const line = '{"start_time":"not a number","action":"allow","reporter":"src"}';
    expect(decodeText(line)).toEqual({ rejected: 'Calico line with unreadable times' });
  });
});
