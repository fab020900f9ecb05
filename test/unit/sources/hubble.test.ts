import { describe, expect, test } from 'vitest';
import { parseTime } from '../../../server/core/time.ts';
import { hubbleLines } from '../../../server/sources/hubble-line.ts';
import { decoder, flow, flowOf, RECEIVED } from '../../support/decode-hubble.ts';
import { sampleLines, sampleNames } from '../../support/samples.ts';

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
    [{ source: { namespace: 'shop', pod_name: 'web-0' } }],
    [{ source: {}, destination: {} }],
    [{ destination: { identity: 2 } }],
    [{ IP: { source: '10.0.0.1' } }],
    [{ Type: 'L3_L4' }],
    [{ is_reply: false }],
    [{ isReply: true }],
    [{ l4: { UDP: { destination_port: 53 } } }],
  ])('%j is a bare flow of which a mask left little', (record) => {
    expect(flowOf(record)).toMatchObject({ timeFrom: 'receipt', verdict: { kind: 'unknown' } });
  });

  test.each([
    { source: { component: 'kubelet' } },
    { source: 'somewhere' },
    { l4: {} },
    { IP: {} },
    { Type: 'Warning' },
  ])('%j is of other logs, and no flow', (record) => {
    expect(decoder()(record)).toEqual({ ok: false, reason: 'unknown kind of record' });
  });

  test('a flag may be text', () => {
    expect(flow({ is_reply: 'true' }).reply).toBe('yes');
    expect(flow({ is_reply: 'false' }).reply).toBe('no');
    expect(flow({ isReply: { value: 'true' } }).reply).toBe('yes');
    expect(flow({ is_reply: 'maybe' }).reply).toBe('unknown');
  });

  test.each(['egress_allowed_by', 'ingressAllowedBy', 'egress_denied_by', 'ingress_denied_by'])(
    'with its type masked away, %s makes an event a policy verdict',
    (list) => {
      expect(flow({ verdict: 'FORWARDED', [list]: [{ name: 'p' }] }).event).toBe('policy-verdict');
      expect(flow({ [list]: [] }).event).toBe('unknown');
      expect(flow({ [list]: [{ name: 'p' }], event_type: { type: 4 } }).event).toBe('trace');
    },
  );

  test.each(['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999Z', '2262-04-11T23:47:16.9Z'])(
    'time %s, which no store can hold, gives way to the envelope, then to the receipt (fault 68)',
    (time) => {
      expect(flow({ time })).toMatchObject({ timeFrom: 'receipt', observedAt: RECEIVED });
      const outer = '2026-01-02T03:04:05Z';
      expect(flowOf({ flow: { time }, time: outer })).toMatchObject({
        timeFrom: 'record',
        observedAt: parseTime(outer),
      });
    },
  );

  test('a shipped record that nests without end is refused (fault 33)', () => {
    const log = `{"flow":${'['.repeat(900_000)}`;
    expect(decoder()({ log })).toEqual({ ok: false, reason: 'unknown kind of record' });
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
    expect(line('['.repeat(900_000))).toEqual({ rejected: 'JSON that nests too deep' });
    const deep = `{"flow":{"extensions":${'{"a":'.repeat(400)}1${'}'.repeat(400)}}}`;
    expect(line(deep)).toHaveProperty('flow');
  });

  test('fields of the wrong type count as absent', () => {
    const odd = flow({ verdict: {}, time: 5, l4: 'x', source: [], IP: null, event_type: 'drop' });
    expect(odd).toMatchObject({ protocol: '', sourcePort: -1, sourceIp: '', event: 'unknown' });
    expect(odd.verdict.kind).toBe('unknown');
  });
});
