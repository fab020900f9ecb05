import { describe, expect, test } from 'vitest';
import { joinGaps } from '../../../web/src/state/gaps.ts';
import { parsePolicySort, nextPolicySort } from '../../../web/src/state/policy-rows.ts';
import { endName, headline, policyNames, portAndProtocol } from '../../../web/src/words/flow.ts';
import { formatBytes, formatDecimalText, formatRate } from '../../../web/src/words/numbers.ts';
import { formatClock, formatSpan, eventsPer } from '../../../web/src/words/time.ts';
import { dropJson, endJson, flowJson } from './flows.ts';

const hit = (name: string, matched: 'rule' | 'end-of-tier' = 'rule') => ({
  policy: { kind: 'NetworkPolicy', namespace: 'shop', name, tier: '' },
  direction: 'ingress' as const,
  action: 'allow' as const,
  stage: 'enforced' as const,
  matched,
  rule: 0,
});

describe('a flow in words', () => {
  test('says why it was dropped', () => {
    expect(headline(dropJson(1))).toBe('Dropped: no policy allows it');
  });

  test('credits a policy only where the record names one', () => {
    expect(headline(flowJson(1))).toBe('Allowed; the record names no policy');
    expect(headline(flowJson(1, { hits: [hit('redis')] }))).toBe(
      'Allowed by shop/redis (reported)',
    );
  });

  test('never takes a witness of a tier’s end for the policy', () => {
    expect(policyNames(flowJson(1, { hits: [hit('witness', 'end-of-tier')] }))).toBe('');
  });

  test('never calls a verdict that it does not know allowed', () => {
    expect(headline(flowJson(1, { verdict: 'unknown', wireVerdict: '15' }))).toBe(
      'Verdict not known: the source says 15',
    );
  });

  test('names what is no workload by name and address', () => {
    const outside = { namespace: '', workload: '', pod: '', kind: 'network' } as const;
    expect(endName(endJson({ ...outside, name: 'world', ip: '10.9.0.4' }))).toBe('world 10.9.0.4');
    expect(endName(endJson({ ...outside, ip: '10.9.0.4' }))).toBe('10.9.0.4');
    expect(endName(endJson({ ...outside, ip: '' }))).toBe('unknown');
    expect(
      endName(endJson({ ...outside, name: 'a.example', ip: '1.2.3.4', names: ['a.example'] })),
    ).toBe('a.example');
  });

  test('has no port where there is none', () => {
    expect(portAndProtocol(flowJson(1))).toBe(':6379/TCP');
    const icmp = flowJson(1, { protocol: 'icmp', destination: endJson({ port: -1 }) });
    expect(portAndProtocol(icmp)).toBe('ICMP');
  });
});

describe('figures', () => {
  test('keep slow rates from reading as none', () => {
    expect(formatRate(0.4)).toBe('0.4');
    expect(formatRate(0)).toBe('0');
    expect(formatRate(8_412.3)).toBe('8,412');
  });

  test('count beyond what a double holds', () => {
    expect(formatDecimalText('18446744073709551615')).toBe('18,446,744,073,709,551,615');
  });

  test('have units', () => {
    expect(formatBytes(512)).toBe('512 B');
    expect(formatBytes(2_756_288)).toBe('2.6 MiB');
    expect(formatSpan(3 * 3_600_000 + 5)).toBe('3h');
    expect(formatClock('2026-05-03T10:00:00.123456789Z', 'utc')).toBe('10:00:00.123');
  });
});

describe('gaps', () => {
  const gap = (from: string, to: string, count: string | null, node = 'n1') => ({
    kind: 'lost' as const,
    origin: 'o',
    node,
    from: `2026-05-03T10:00:${from}Z`,
    to: `2026-05-03T10:00:${to}Z`,
    count,
    reason: 'RING',
  });

  test('of one node that nearly touch are one, their losses added up', () => {
    const joined = joinGaps([
      gap('05', '06', '2'),
      gap('00', '01', '1'),
      gap('00', '59', '7', 'n2'),
      gap('40', '41', null),
    ]);
    expect(
      joined.map(({ node, from, to, count }) => [
        node,
        from.slice(17, 19),
        to.slice(17, 19),
        count,
      ]),
    ).toEqual([
      ['n1', '00', '06', '3'],
      ['n2', '00', '59', '7'],
      ['n1', '40', '41', null],
    ]);
  });
});

describe('the order of policies', () => {
  test('is by denials unless the address says otherwise', () => {
    expect(parsePolicySort('')).toEqual({ by: 'denied', descending: true });
    expect(parsePolicySort('name')).toEqual({ by: 'name', descending: false });
    expect(parsePolicySort('-shoe')).toEqual({ by: 'denied', descending: true });
  });

  test('turns round at the second click', () => {
    expect(nextPolicySort('', 'denied')).toBe('denied');
    expect(nextPolicySort('name', 'allowed')).toBe('-allowed');
    expect(nextPolicySort('-allowed', 'allowed')).toBe('allowed');
    expect(nextPolicySort('', 'name')).toBe('name');
  });
});

test.each([
  [1_000, 'events per second'],
  [15_000, 'events per 15 s'],
  [60_000, 'events per minute'],
  [90_000, 'events per 90 s'],
  [120_000, 'events per 2 min'],
  [3_600_000, 'events per hour'],
])('a bar of %i ms counts %s', (stepMs, words) => {
  expect(eventsPer(stepMs)).toBe(words);
});
