import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DropCheckId } from '../../server/core/drop-advice/entry.ts';
import type { Endpoint, Flow } from '../../server/core/flow.ts';
import { nanos, parseTime } from '../../server/core/time.ts';
import type { ChecksResponse } from '../../server/http/contract.ts';
import { openApi, type TestApi } from '../support/api.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';

let api: TestApi;

beforeAll(async () => {
  api = await openApi();
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const DAY = 24 * 3600;
const START = parseTime('2026-05-03T10:00:00Z')!;
let day = 0;

/** Scripts of one store, a day apart, so that none sees another; seconds of its own day, with 12 h before the drop. */
const at = (second: number) =>
  nanos(START + BigInt(Math.round((day * DAY + second) * 1000)) * 1_000_000n);

const pod = (name: string, differences: Partial<Endpoint> = {}): Endpoint => ({
  ...aFlow().source,
  pod: `${name}-0`,
  workload: name,
  ...differences,
});
const WORLD: Endpoint = {
  ...pod('', { namespace: '', pod: '', workloadKind: '', identity: 2, labels: ['reserved:world'] }),
  kind: 'network',
  name: 'world',
};

const dropped = (reason: string, differences: Partial<Flow>): Flow =>
  aDrop({ verdict: { kind: 'dropped', reason }, reply: 'unknown', ...differences });

/** Stores the flows of a script, the drop last, and asks about it. */
async function script(make: () => readonly [readonly Flow[], Flow]): Promise<ChecksResponse> {
  day += 2;
  const [flows, drop] = make();
  await api.store.append(batchOf([aFlow({ observedAt: at(-11 * 3600), source: pod('old') })]));
  const { firstSeq } = await api.store.append(batchOf([...flows, drop]));
  const response = await api.get(`/api/v1/flows/${firstSeq + flows.length}/checks`);
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body as ChecksResponse;
}

const found = ({ findings }: ChecksResponse, check: DropCheckId) =>
  findings.find((finding) => finding.check === check);

const DB = { source: pod('db'), sourceIp: '10.0.0.2', sourcePort: 5_432 } as const;
const WEB = {
  destination: pod('web'),
  destinationIp: '10.0.0.1',
  destinationPort: 40_123,
} as const;

describe('a stale connection', () => {
  const answer = () => dropped('POLICY_DENIED', { ...DB, ...WEB, observedAt: at(0) });
  const request = (seconds: number, sourcePort: number) =>
    aFlow({ observedAt: at(seconds), source: pod('web'), destination: pod('db'), sourcePort });

  test('is shown by a packet of the same connection the other way', async () => {
    const checks = await script(() => [[request(-725, 40_123)], answer()]);
    expect(found(checks, 'stale-connection')).toMatchObject({ strength: 'shown' });
    expect(found(checks, 'stale-connection')?.finding).toContain('12 min 5 s before');
    expect(found(checks, 'stale-connection')?.evidence).toHaveLength(1);
  });

  test('is likely where the client used that service', async () => {
    const checks = await script(() => [[request(-60, 50_000)], answer()]);
    expect(found(checks, 'stale-connection')).toMatchObject({ strength: 'likely' });
  });

  test('is not seen where nobody asked', async () => {
    const checks = await script(() => [[], answer()]);
    expect(found(checks, 'stale-connection')).toMatchObject({ strength: 'not-seen', evidence: [] });
  });

  test('is no question where the packet goes to a service', async () => {
    const checks = await script(() => [[], dropped('POLICY_DENIED', { observedAt: at(0) })]);
    expect(found(checks, 'stale-connection')).toBeUndefined();
  });
});

describe('a connection that was open', () => {
  const drop = () =>
    dropped('POLICY_DENIED', { observedAt: at(0), direction: 'ingress', sourcePort: 41_000 });

  test('is shown by its packets of before, at the end that drops', async () => {
    const checks = await script(() => [
      [
        aFlow({ observedAt: at(-30), sourcePort: 41_000, reporter: 'destination' }),
        aFlow({ observedAt: at(-20), sourcePort: 41_001, reporter: 'destination' }),
      ],
      drop(),
    ]);
    expect(found(checks, 'open-connection')).toMatchObject({ strength: 'shown' });
    expect(found(checks, 'open-connection')?.finding).toContain('30 s before');
  });

  test('is not seen where only the sending node let it out', async () => {
    const checks = await script(() => [
      [aFlow({ observedAt: at(-30), sourcePort: 41_000, reporter: 'source' })],
      drop(),
    ]);
    expect(found(checks, 'open-connection')).toMatchObject({ strength: 'not-seen' });
  });
});

describe('the sender of an invalid source address', () => {
  const drop = (differences: Partial<Flow> = {}) =>
    dropped('INVALID_SOURCE_IP', { observedAt: at(0), sourceIp: '10.0.5.5', ...differences });

  test('has the address of another pod', async () => {
    const checks = await script(() => [
      [aFlow({ observedAt: at(-180), source: pod('old'), sourceIp: '10.0.5.5' })],
      drop(),
    ]);
    expect(found(checks, 'sender-address')).toMatchObject({ strength: 'shown' });
    expect(found(checks, 'sender-address')?.finding).toContain('shop/old-0 3 min before');
  });

  test('sends from another address as a rule', async () => {
    const checks = await script(() => [[aFlow({ observedAt: at(-10) })], drop()]);
    expect(found(checks, 'sender-address')).toMatchObject({ strength: 'likely' });
    expect(found(checks, 'sender-address')?.finding).toContain('10.0.0.1');
  });

  test('is a kernel with an address of the link', async () => {
    const checks = await script(() => [[], drop({ sourceIp: 'fe80::1c05:a0ff:fee1:f9a6' })]);
    expect(found(checks, 'sender-address')).toMatchObject({ strength: 'shown' });
    expect(checks.harm).toMatchObject({ kind: 'noise' });
  });

  test('is not known from elsewhere', async () => {
    const checks = await script(() => [[], drop()]);
    expect(found(checks, 'sender-address')).toMatchObject({ strength: 'not-seen' });
  });
});

describe('a stale destination', () => {
  const to = (seconds: number, destination: Endpoint) =>
    aFlow({ observedAt: at(seconds), destination, destinationIp: '10.0.7.9' });
  const drop = () =>
    dropped('STALE_OR_UNROUTABLE_IP', {
      observedAt: at(0),
      destination: { ...WORLD, labels: [] },
      destinationIp: '10.0.7.9',
    });

  test('was the address of a pod until a time', async () => {
    const checks = await script(() => [[to(-40, pod('prom')), to(-34, pod('prom'))], drop()]);
    expect(found(checks, 'address-owner')).toMatchObject({ strength: 'likely' });
    expect(found(checks, 'address-owner')?.finding).toMatch(/shop\/prom-0 until .*, 34 s before/);
  });

  test('has become the address of another', async () => {
    const checks = await script(() => [[to(-34, pod('prom')), to(5, pod('next'))], drop()]);
    expect(found(checks, 'address-owner')).toMatchObject({ strength: 'shown' });
    expect(found(checks, 'address-owner')?.finding).toContain('shop/next-0');
  });

  test('is none where the same pod has it still', async () => {
    const checks = await script(() => [[to(-34, pod('prom')), to(5, pod('prom'))], drop()]);
    expect(found(checks, 'address-owner')).toMatchObject({ strength: 'not-seen' });
    expect(found(checks, 'address-owner')?.finding).toContain('still');
  });

  test('was nobody as far as is stored; another drop is no witness', async () => {
    const checks = await script(() => [
      [
        dropped('POLICY_DENIED', {
          observedAt: at(-5),
          destination: pod('x'),
          destinationIp: '10.0.7.9',
        }),
      ],
      drop(),
    ]);
    expect(found(checks, 'address-owner')).toMatchObject({ strength: 'not-seen', evidence: [] });
  });
});

describe('an L3 protocol that is not supported', () => {
  const nobody = { ...WORLD, labels: [] };
  const solicitation = (second: number) =>
    dropped('UNSUPPORTED_L3_PROTOCOL', {
      ...{ observedAt: at(second), protocol: 'icmpv6', source: nobody, destination: nobody },
      ...{ sourceIp: 'fe80::1', destinationIp: 'ff02::2', sourcePort: -1, destinationPort: -1 },
    });

  test('is named, with what its addresses give away; it is noise', async () => {
    const checks = await script(() => [[solicitation(-60)], solicitation(0)]);
    expect(found(checks, 'protocols')).toMatchObject({
      strength: 'shown',
      finding: expect.stringContaining('IPv6 ICMPV6 to ff02::2 (2)') as string,
    });
    expect(checks.harm.kind).toBe('noise');
  });

  test('is not known where the record has neither protocol nor address', async () => {
    const checks = await script(() => [
      [],
      { ...solicitation(0), protocol: '', sourceIp: '', destinationIp: '' },
    ]);
    expect(found(checks, 'protocols')).toMatchObject({ strength: 'not-seen' });
  });
});

describe('a DNS answer for the destination', () => {
  const drop = (differences: Partial<Flow> = {}) =>
    dropped('POLICY_DENIED', {
      ...{ observedAt: at(0), source: pod('mailer'), destination: WORLD, destinationPort: 587 },
      ...{ destinationIp: '203.0.113.25', ...differences },
    });
  const answer = (client: string, ip: string) =>
    aFlow({
      ...{ observedAt: at(-90), event: 'l7', reply: 'yes', protocol: 'udp', sourcePort: 53 },
      ...{ source: pod('dns'), destination: pod(client), destinationPort: 39_000 },
      l7: { protocol: 'dns', type: 'response', method: 'A', path: 'smtp.example.com', status: 0 },
      raw: {
        format: 'hubble-json',
        bytes: new TextEncoder().encode(
          JSON.stringify({ flow: { l7: { dns: { query: 'smtp.example.com.', ips: [ip] } } } }),
        ),
      },
    });

  test('is shown where the pod itself got one', async () => {
    const checks = await script(() => [[answer('mailer', '203.0.113.25')], drop()]);
    expect(found(checks, 'dns')).toMatchObject({ strength: 'shown' });
    expect(found(checks, 'dns')?.finding).toMatch(/^smtp\.example\.com .*1 min 30 s before/);
  });

  test('is likely of help where another pod of the node got one', async () => {
    const checks = await script(() => [[answer('web', '203.0.113.25')], drop()]);
    expect(found(checks, 'dns')).toMatchObject({ strength: 'likely' });
  });

  test('is shown by the name in the record, and by one that has expired', async () => {
    const named = { destinationNames: ['smtp.example.com'] };
    expect(found(await script(() => [[], drop(named)]), 'dns')?.strength).toBe('shown');
    const expired = await script(() => [
      [
        aFlow({
          ...drop(named),
          ...aFlow(),
          source: pod('mailer'),
          destination: WORLD,
          destinationIp: '203.0.113.25',
          ...named,
          observedAt: at(-300),
        }),
      ],
      drop(),
    ]);
    expect(found(expired, 'dns')).toMatchObject({ strength: 'likely' });
    expect(found(expired, 'dns')?.finding).toContain('expired');
  });

  test('is not seen where answers hold other addresses', async () => {
    const checks = await script(() => [[answer('mailer', '203.0.113.99')], drop()]);
    expect(found(checks, 'dns')).toMatchObject({ strength: 'not-seen', evidence: [] });
  });

  test('is no question for a pod', async () => {
    const checks = await script(() => [[], drop({ destination: pod('db') })]);
    expect(found(checks, 'dns')).toBeUndefined();
  });
});

describe('an identity that was late', () => {
  const drop = (differences: Partial<Flow> = {}) =>
    dropped('POLICY_DENIED', { observedAt: at(0), ...differences });

  test('is shown where the address counted as something else seconds later', async () => {
    const checks = await script(() => [
      [aFlow({ observedAt: at(4) })],
      drop({ source: { ...WORLD, identity: 2 } }),
    ]);
    expect(found(checks, 'identity')).toMatchObject({ strength: 'shown' });
    expect(found(checks, 'identity')?.finding).toMatch(/shop\/web-0.*4 s after/);
  });

  test('is likely where the pod had just started', async () => {
    const checks = await script(() => [
      [aFlow({ observedAt: at(-2), destination: pod('other'), destinationIp: '10.0.0.8' })],
      drop(),
    ]);
    expect(found(checks, 'identity')).toMatchObject({ strength: 'likely' });
    expect(found(checks, 'identity')?.finding).toContain('2 s before');
  });

  test('is not seen where both ends are old and the same', async () => {
    const checks = await script(() => [[aFlow({ observedAt: at(-1_800) })], drop()]);
    expect(found(checks, 'identity')).toMatchObject({ strength: 'not-seen' });
  });
});

test('what is shown stands first, and what was not recorded is told', async () => {
  const checks = await script(() => [
    [aFlow({ observedAt: at(-5) })],
    dropped('DROP_REASON_UNKNOWN', { observedAt: at(0), destinationIp: '10.0.9.9' }),
  ]);
  const order = checks.findings.map(({ strength }) =>
    ['shown', 'likely', 'not-seen'].indexOf(strength),
  );
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(new Set(order).size).toBeGreaterThan(1);
  expect(checks.completeness).toMatchObject({ verdict: 'unknown', watched: 0 });
});

test('a flow that was not dropped has nothing to check', async () => {
  const { firstSeq } = await api.store.append(batchOf([aFlow()]));
  const response = await api.get(`/api/v1/flows/${firstSeq}/checks`);
  expect(response.status).toBe(404);
});
