import { describe, expect, test } from 'vitest';
import { cnp, engineOf, judge, type Asked } from './cilium-world.ts';

type Rule = Readonly<Record<string, unknown>>;

/** What `web` may ask of `db`, by what stands for the request. */
function verdictsOf(rules: readonly Rule[], asked: Readonly<Record<string, Partial<Asked>>>) {
  const engine = engineOf([cnp({ egress: rules })]);
  return Object.fromEntries(
    Object.entries(asked).map(([name, each]) => [
      name,
      judge(engine, { src: 'shop/web', dst: 'shop/db', ...each }).egress?.verdict,
    ]),
  );
}

const TRAFFIC = {
  tcp80: { port: 80 },
  tcp81: { port: 81 },
  tcp8002: { port: 8002 },
  udp80: { port: 80, protocol: 'UDP' },
  sctp80: { port: 80, protocol: 'SCTP' },
  ping: { port: undefined, protocol: 'ICMP', icmpType: 8, icmpCode: 0 },
  noPort: { port: undefined },
  gre: { port: undefined, protocol: 'GRE' },
} satisfies Readonly<Record<string, Partial<Asked>>>;

type Name = keyof typeof TRAFFIC;

const of = (...names: readonly Name[]) =>
  Object.fromEntries(names.map((name) => [name, TRAFFIC[name]]));

const ports = (...entries: readonly Rule[]): Rule => ({ toPorts: [{ ports: entries }] });
const ALL = { toEndpoints: [{}] };

describe('ports', () => {
  test.each<[string, Rule, Readonly<Partial<Record<Name, string>>>]>([
    [
      'of every protocol',
      ports({ port: '80' }),
      { tcp80: 'allow', udp80: 'allow', sctp80: 'allow', tcp81: 'deny', ping: 'deny' },
    ],
    [
      'of one protocol',
      ports({ port: '80', protocol: 'TCP' }),
      { tcp80: 'allow', udp80: 'deny', noPort: 'undetermined' },
    ],
    [
      'of a range',
      ports({ port: '79', endPort: 81, protocol: 'TCP' }),
      { tcp80: 'allow', tcp81: 'allow', tcp8002: 'deny', udp80: 'deny' },
    ],
    [
      'whose range ends before it begins',
      ports({ port: '80', endPort: 7 }),
      { tcp80: 'allow', tcp81: 'deny' },
    ],
    [
      'zero',
      ports({ port: '0', protocol: 'TCP' }),
      { tcp80: 'allow', noPort: 'allow', udp80: 'deny', ping: 'deny' },
    ],
    ['left out', ports({ protocol: 'UDP' }), { udp80: 'allow', tcp80: 'deny' }],
    [
      'zero of any protocol',
      ports({ port: '0' }),
      { tcp80: 'allow', udp80: 'allow', ping: 'deny', gre: 'deny' },
    ],
    ['by name', ports({ port: 'main', protocol: 'TCP' }), { tcp8002: 'allow', tcp80: 'deny' }],
    [
      'by a name and a range, which counts for nothing',
      ports({ port: 'main', endPort: 9000 }),
      { tcp8002: 'allow', tcp80: 'deny' },
    ],
    [
      'by a name of another protocol',
      ports({ port: 'main', protocol: 'UDP' }),
      { tcp8002: 'deny' },
    ],
    [
      'in several entries',
      { toPorts: [{ ports: [{ port: '80' }] }, { ports: [{ port: '81' }] }] },
      { tcp80: 'allow', tcp81: 'allow', tcp8002: 'deny' },
    ],
    [
      'of a protocol without ports',
      ports({ port: '0', protocol: 'ICMP' }),
      { ping: 'allow', tcp80: 'deny' },
    ],
    [
      'of a protocol that agents may not tell apart',
      ports({ protocol: 'GRE' }),
      { gre: 'undetermined', tcp80: 'deny' },
    ],
    ['in no entry', { toPorts: [{ ports: [] }] }, { tcp80: 'deny' }],
    [
      'in none, with peers',
      { ...ALL, toPorts: [] },
      { tcp80: 'allow', ping: 'allow', gre: 'allow' },
    ],
    ['in none, with nothing else', { toPorts: [] }, { tcp80: 'deny' }],
  ])('%s', (_, rule, expected) => {
    expect(verdictsOf([rule], of(...(Object.keys(expected) as Name[])))).toEqual(expected);
  });

  test('by name are open where the ports of the pod are not known', () => {
    const engine = engineOf([cnp({ egress: [ports({ port: 'main' })] })]);
    const dst = {
      pod: { namespace: 'shop', name: 'new', labels: {}, ips: ['10.0.0.9'], ports: null },
    };
    expect(judge(engine, { src: 'shop/web', dst, port: 9 }).egress?.verdict).toBe('undetermined');
  });

  test('a rule of peers alone admits every protocol', () => {
    expect(verdictsOf([ALL], of('tcp80', 'ping', 'gre', 'sctp80'))).toEqual({
      tcp80: 'allow',
      ping: 'allow',
      gre: 'allow',
      sctp80: 'allow',
    });
  });
});

describe('ICMP', () => {
  const icmp = (type: number, ipFamily: 4 | 6 = 4) =>
    ({ port: undefined, protocol: 'ICMP', icmpType: type, ipFamily }) as const;

  test('is admitted by family and type, by number or name', () => {
    const rule = { icmps: [{ fields: [{ type: 8 }, { type: 'TimeExceeded', family: 'IPv4' }] }] };
    const asked = {
      echo: icmp(8),
      reply: icmp(0),
      exceeded: icmp(11),
      echo6: icmp(128, 6),
      ...of('tcp80'),
    };
    expect(verdictsOf([rule], asked)).toEqual({
      echo: 'allow',
      reply: 'deny',
      exceeded: 'allow',
      echo6: 'deny',
      tcp80: 'deny',
    });
  });

  test('of IPv6 has types of its own', () => {
    const rule = { icmps: [{ fields: [{ type: 'EchoRequest', family: 'IPv6' }] }] };
    const asked = { echo6: icmp(128, 6), echo: icmp(8) };
    expect(verdictsOf([rule], asked)).toEqual({ echo6: 'allow', echo: 'deny' });
  });

  test('without a type in the record is open', () => {
    const rule = { icmps: [{ fields: [{ type: 8 }] }] };
    expect(verdictsOf([rule], { ping: { port: undefined, protocol: 'ICMP' } })).toEqual({
      ping: 'undetermined',
    });
  });

  test('that tells of a lower MTU always passes', () => {
    expect(
      verdictsOf([{}], { frag: { ...icmp(3), icmpCode: 4 }, other: { ...icmp(3), icmpCode: 1 } }),
    ).toEqual({
      frag: 'allow',
      other: 'deny',
    });
  });
});

const l7 = (rules: Rule, protocol = 'TCP'): Rule => ({
  toPorts: [{ ports: [{ port: '80', protocol }], rules }],
});

describe('HTTP', () => {
  const http = (request: Asked['http']) => ({ http: request });

  test('expressions must match the whole value', () => {
    const rule = l7({ http: [{ method: 'GET|HEAD', path: '/v1/.*', host: 'shop\\.example' }] });
    const request = { method: 'GET', path: '/v1/x', host: 'shop.example' };
    expect(
      verdictsOf([rule], {
        whole: http(request),
        prefix: http({ ...request, path: '/old/v1/x' }),
        method: http({ ...request, method: 'GETX' }),
        second: http({ ...request, method: 'HEAD' }),
        host: http({ ...request, host: 'a.shop.example' }),
        noHost: http({ method: 'GET', path: '/v1/x' }),
        noHostOtherPath: http({ method: 'GET', path: '/v2/x' }),
        none: {},
      }),
    ).toEqual({
      whole: 'allow',
      prefix: 'deny',
      method: 'deny',
      second: 'allow',
      host: 'deny',
      noHost: 'undetermined',
      noHostOtherPath: 'deny',
      none: 'undetermined',
    });
  });

  test('a refused request is denied by the rule that took the connection', () => {
    const engine = engineOf([cnp({ egress: [l7({ http: [{ method: 'GET' }] })] })]);
    const { egress } = judge(engine, { src: 'shop/web', dst: 'shop/db', http: { method: 'PUT' } });
    expect(egress).toMatchObject({ verdict: 'deny', reason: 'l7-deny' });
    expect(egress?.decidedBy.map(({ key }) => key)).toEqual(['cilium:CiliumNetworkPolicy/shop/p']);
  });

  test.each<[string, Rule, Readonly<Record<string, string>>, string]>([
    ['a header that must be there', { headers: ['X-A'] }, { 'x-a': '1' }, 'allow'],
    ['a header that is not there', { headers: ['X-A'] }, { 'x-b': '1' }, 'deny'],
    ['a header with its value', { headers: ['X-A: on'] }, { 'X-A': 'on' }, 'allow'],
    ['a header with another value', { headers: ['X-A: on'] }, { 'X-A': 'off' }, 'deny'],
    ['a match', { headerMatches: [{ name: 'X-A', value: 'on' }] }, { 'X-A': 'on' }, 'allow'],
    [
      'a match that fails',
      { headerMatches: [{ name: 'X-A', value: 'on' }] },
      { 'X-A': 'x' },
      'deny',
    ],
    [
      'a match that fails and is corrected',
      { headerMatches: [{ name: 'X-A', value: 'on', mismatch: 'REPLACE' }] },
      {},
      'allow',
    ],
    [
      'a match with a secret',
      { headerMatches: [{ name: 'X-A', secret: { name: 's' } }] },
      { 'X-A': 'x' },
      'undetermined',
    ],
  ])('%s', (_, entry, headers, verdict) => {
    expect(verdictsOf([l7({ http: [entry] })], { it: http({ method: 'GET', headers }) })).toEqual({
      it: verdict,
    });
  });

  test('an entry without fields admits requests that nobody knows', () => {
    expect(verdictsOf([l7({ http: [{}] })], { it: {} })).toEqual({ it: 'allow' });
    expect(verdictsOf([l7({ http: [{ path: '.*' }] })], { it: {} })).toEqual({ it: 'allow' });
    expect(verdictsOf([l7({ http: [] })], { it: {} })).toEqual({ it: 'allow' });
    expect(verdictsOf([l7({})], { it: {} })).toEqual({ it: 'allow' });
  });

  test('a rule for the port alone voids the restriction', () => {
    const restricted = l7({ http: [{ method: 'GET' }] });
    const asked = { put: http({ method: 'PUT' }) };
    expect(verdictsOf([restricted], asked)).toEqual({ put: 'deny' });
    for (const other of [ports({ port: '80' }), ALL, ports({ port: '1', endPort: 100 })])
      expect(verdictsOf([restricted, other], asked)).toEqual({ put: 'allow' });
    expect(verdictsOf([restricted, ports({ port: '81' })], asked)).toEqual({ put: 'deny' });
  });

  test('entries of one rule are asked apart', () => {
    const rule = {
      toPorts: [
        { ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{ method: 'GET' }] } },
        { ports: [{ port: '81', protocol: 'TCP' }] },
      ],
    };
    const put = { method: 'PUT' };
    expect(
      verdictsOf([rule], { tcp80: { port: 80, http: put }, tcp81: { port: 81, http: put } }),
    ).toEqual({
      tcp80: 'deny',
      tcp81: 'allow',
    });
  });
});

test('DNS rules ask for the name that is queried', () => {
  const rule = l7({ dns: [{ matchName: 'a.example.com' }, { matchPattern: '*.svc' }] }, 'ANY');
  const dns = (query: string) => ({ protocol: 'UDP', dns: { query } });
  expect(
    verdictsOf([rule], {
      name: dns('A.example.com.'),
      pattern: dns('x.svc'),
      other: dns('b.example.com'),
      none: { protocol: 'UDP' },
    }),
  ).toEqual({ name: 'allow', pattern: 'allow', other: 'deny', none: 'undetermined' });
  expect(verdictsOf([l7({ dns: [{ matchPattern: '*' }] }, 'ANY')], { it: {} })).toEqual({
    it: 'allow',
  });
});

test('Kafka rules ask for request, client and topic', () => {
  const kafka = (apiKey: string, topic = 't', clientID = 'c') => ({
    kafka: { apiKey, topic, clientID },
  });
  expect(
    verdictsOf([l7({ kafka: [{ role: 'produce', topic: 't' }] })], {
      produce: kafka('produce'),
      otherTopic: kafka('produce', 'u'),
      noTopic: kafka('apiversions', ''),
      fetch: kafka('fetch'),
      none: {},
    }),
  ).toEqual({
    produce: 'allow',
    otherTopic: 'deny',
    noTopic: 'allow',
    fetch: 'deny',
    none: 'undetermined',
  });
  expect(
    verdictsOf([l7({ kafka: [{ apiKey: 'Fetch', clientID: 'c' }] })], {
      mine: kafka('fetch'),
      other: kafka('fetch', 't', 'd'),
    }),
  ).toEqual({ mine: 'allow', other: 'deny' });
});

test('server names are those that TLS asks for', () => {
  const rule = {
    toPorts: [
      { ports: [{ port: '80', protocol: 'TCP' }], serverNames: ['a.example.com', '*.example.org'] },
    ],
  };
  expect(
    verdictsOf([rule], {
      name: { sni: 'a.example.com' },
      pattern: { sni: 'x.example.org' },
      other: { sni: 'example.org' },
      none: {},
    }),
  ).toEqual({ name: 'allow', pattern: 'allow', other: 'deny', none: 'undetermined' });
});

test('rules of another parser are open', () => {
  const rule = l7({ l7proto: 'r2d2', l7: [{ cmd: 'READ' }] });
  expect(verdictsOf([rule], { it: {}, otherPort: { port: 81 } })).toEqual({
    it: 'undetermined',
    otherPort: 'deny',
  });
});

describe('authentication', () => {
  const rule = (mode: string): Rule => ({ ...ALL, authentication: { mode } });

  test('is open where it is required, and always fails where it is to', () => {
    expect(verdictsOf([rule('required')], of('tcp80'))).toEqual({ tcp80: 'undetermined' });
    expect(verdictsOf([rule('disabled')], of('tcp80'))).toEqual({ tcp80: 'allow' });
    const engine = engineOf([cnp({ egress: [rule('test-always-fail')] })]);
    expect(judge(engine, { src: 'shop/web', dst: 'shop/db' }).egress).toMatchObject({
      verdict: 'deny',
      reason: 'auth-failed',
    });
  });

  test('is not asked of what another rule admits', () => {
    expect(verdictsOf([rule('required'), ports({ port: '80' })], of('tcp80', 'tcp81'))).toEqual({
      tcp80: 'allow',
      tcp81: 'undetermined',
    });
  });

  test('holds connections back that nothing else would', () => {
    const off = { egress: false };
    const required = engineOf([cnp({ egress: [rule('required')], enableDefaultDeny: off })]);
    expect(judge(required, { src: 'shop/web', dst: 'shop/db' }).egress?.reason).toBe(
      'auth-unknown',
    );
    const failing = engineOf([cnp({ egress: [rule('test-always-fail')], enableDefaultDeny: off })]);
    expect(judge(failing, { src: 'shop/web', dst: 'shop/db' }).egress?.reason).toBe('auth-failed');
    expect(judge(failing, { src: 'shop/web', dst: 'ops/prom' }).egress?.verdict).toBe('allow');
  });
});
