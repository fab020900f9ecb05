import { describe, expect, test } from 'vitest';
import type { Flow, StoredFlow } from '../../../server/core/flow.ts';
import { gotThrough, judgeHarm, type HarmFacts } from '../../../server/core/harm.ts';
import { nanos } from '../../../server/core/time.ts';
import { aDrop, aFlow, stored } from '../../support/flow.ts';

const START = 1_770_000_000_000_000_000n;
const at = (seconds: number) => nanos(START + BigInt(Math.round(seconds * 1000)) * 1_000_000n);
let seq = 0;
const keep = (flow: Flow): StoredFlow => stored(flow, (seq += 1));

const drop = (seconds: number, differences: Partial<Flow> = {}) =>
  keep(aDrop({ observedAt: at(seconds), direction: 'ingress', ...differences }));
const passed = (seconds: number, differences: Partial<Flow> = {}) =>
  keep(aFlow({ observedAt: at(seconds), reporter: 'destination', ...differences }));

const harm = (drops: readonly StoredFlow[], facts: Partial<HarmFacts> = {}) => {
  const last = drops.at(-1)!;
  return judgeHarm({
    ...{ drop: last, drops, lastAt: last.observedAt, now: at(3_600) },
    ...{ passed: [], before: undefined, denied: [] },
    ...facts,
  });
};

describe('a drop is', () => {
  test('harmful when it is tried again and again in vain', () => {
    expect(harm([drop(0), drop(1), drop(3)])).toMatchObject({
      kind: 'harmful',
      why: '3 attempts, and none went through.',
    });
  });

  test('harmful when it went through before, though it was tried once only', () => {
    const before = passed(-60);
    expect(harm([drop(0)], { before })).toMatchObject({ kind: 'harmful', evidence: [before.seq] });
  });

  test('harmful when only some attempts went through', () => {
    const kind = harm([drop(0), drop(100), drop(200)], { passed: [passed(110)] });
    expect(kind).toMatchObject({
      kind: 'harmful',
      why: expect.stringContaining('2 of 3') as string,
    });
  });

  test('recovered when each attempt was followed by one that went through', () => {
    const later = [passed(2), passed(129)];
    expect(harm([drop(0), drop(100)], { passed: later })).toMatchObject({
      kind: 'recovered',
      evidence: later.map((flow) => flow.seq),
    });
  });

  test('not recovered by what came more than 30 s later', () => {
    expect(harm([drop(0), drop(1)], { passed: [passed(32)] }).kind).toBe('harmful');
  });

  test('unclear while it may yet go through, and when it was tried once', () => {
    expect(harm([drop(0), drop(1)], { now: at(20) }).kind).toBe('unclear');
    expect(harm([drop(0)]).kind).toBe('unclear');
  });

  test('one attempt with its two records, which are no retry', () => {
    expect(harm([drop(0, { event: 'policy-verdict' }), drop(0.00001)]).kind).toBe('unclear');
  });
});

const END = aFlow().source;
const WORLD = { ...END, pod: '', workload: '', namespace: '', labels: ['reserved:world'] };

describe('noise, with its reason, is', () => {
  test.each<[string, Partial<Flow>]>([
    ['nothing was lost', { verdict: { kind: 'dropped', reason: 'IGMP_HANDLED' } }],
    ['without an IP packet', { verdict: { kind: 'dropped', reason: 'UNSUPPORTED_L2_PROTOCOL' } }],
    ['router solicitation', { sourceIp: 'fe80::1', destinationIp: 'ff02::2' }],
    ['neighbour discovery', { sourceIp: 'fd00::1', destinationIp: 'ff02::1:ff90:a117' }],
    ['Multicast or broadcast', { destinationIp: '224.0.0.251' }],
    ['Multicast or broadcast', { destinationIp: '255.255.255.255' }],
    ['link-local', { sourceIp: 'fe80::1', destinationIp: 'fd00::2' }],
    ['health probe', { source: { ...END, labels: ['reserved:health'] } }],
    ['health probe', { source: { ...END, kind: 'host' }, destinationPort: 4_240 }],
  ])('%s: %j', (why, differences) => {
    expect(harm([drop(0, differences), drop(5, differences)])).toMatchObject({
      kind: 'noise',
      why: expect.stringContaining(why) as string,
    });
  });

  test.each<Partial<Flow>>([
    { destinationIp: '223.255.255.255' },
    { destinationIp: 'fd00::ff02' },
    { sourceIp: '', destinationIp: '' },
    { destinationPort: 4_240 },
  ])('not %j', (differences) => {
    expect(harm([drop(0, differences), drop(5, differences)]).kind).toBe('harmful');
  });

  const scan = (doors: number) =>
    Array.from({ length: doors }, (_, index) =>
      drop(index, { source: WORLD, sourceIp: '198.51.100.7', destinationPort: 1_000 + index }),
    );

  test('a scanner outside, which is denied at many ports', () => {
    const denied = scan(6);
    expect(harm([denied[5]!], { denied })).toMatchObject({
      kind: 'noise',
      why: expect.stringContaining('198.51.100.7 was denied at 6 different') as string,
    });
  });

  test('not a client outside that got in, or that is denied at one port', () => {
    const denied = scan(6);
    expect(harm([denied[5]!], { denied, before: passed(-5) }).kind).toBe('harmful');
    expect(harm([denied[0]!, drop(9, { source: WORLD })], { denied: scan(1) }).kind).toBe(
      'harmful',
    );
  });
});

describe('something got through', () => {
  const ingress = drop(0);
  const egress = drop(0, { direction: 'egress' });

  test.each<[string, boolean, Partial<Flow>, StoredFlow]>([
    ['the receiver saw it', true, { reporter: 'destination' }, ingress],
    ['an answer came back', true, { reply: 'yes', reporter: 'source' }, ingress],
    ['the sender let it out', false, { reporter: 'source' }, ingress],
    ['the sender let it out, which had dropped it', true, { reporter: 'source' }, egress],
    ['a socket was told to', false, { reporter: 'destination', event: 'socket' }, ingress],
    ["the proxy's own refusal", false, { event: 'l7', reply: 'yes' }, ingress],
  ])('%s: %s', (_, expected, differences, dropped) => {
    expect(gotThrough(passed(1, { reporter: 'unknown', ...differences }), dropped)).toBe(expected);
  });

  test('a drop is none', () => {
    expect(gotThrough(drop(1, { reporter: 'destination' }), ingress)).toBe(false);
  });

  test('of a request that L7 rules refused, the same one that was let through', () => {
    const l7 = (path: string) => ({
      event: 'l7' as const,
      l7: { protocol: 'http', type: 'request' as const, method: 'GET', path, status: -1 },
    });
    const refused = drop(0, l7('/a'));
    expect(gotThrough(passed(1, l7('/a')), refused)).toBe(true);
    expect(gotThrough(passed(1, l7('/b')), refused)).toBe(false);
  });
});
