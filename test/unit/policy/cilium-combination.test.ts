import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../server/core/manifest.ts';
import { ccnp, cnp, engineOf, judge, manifestsOf } from './cilium-world.ts';

const ALL_PEERS = { toEntities: ['all'] };
const DB = { toEndpoints: [{ matchLabels: { app: 'db' } }] };

describe('isolation', () => {
  test.each<[string, Readonly<Record<string, unknown>>, string, string]>([
    ['begins with a section', { egress: [DB] }, 'deny', 'default-deny'],
    ['begins with a rule of nothing', { egress: [{}] }, 'deny', 'default-deny'],
    ['begins with a deny section', { egressDeny: [DB] }, 'deny', 'default-deny'],
    ['does not begin with an empty section', { egress: [], ingress: [{}] }, 'allow', 'no-policy'],
    ['is for the way of the section only', { ingress: [{}] }, 'allow', 'no-policy'],
    [
      'is off where it is told so',
      { egress: [DB], enableDefaultDeny: { egress: false } },
      'allow',
      'no-match',
    ],
    [
      'is not off by the other way',
      { egress: [DB], enableDefaultDeny: { ingress: false } },
      'deny',
      'default-deny',
    ],
    [
      'needs a section, whatever is told',
      { ingress: [{}], enableDefaultDeny: { egress: true } },
      'allow',
      'no-policy',
    ],
  ])('%s', (_, spec, verdict, reason) => {
    const engine = engineOf([cnp(spec)]);
    expect(judge(engine, { src: 'shop/web', dst: 'ops/prom' }).egress).toMatchObject({
      verdict,
      reason,
    });
  });

  test('needs one policy of several', () => {
    const engine = engineOf([
      cnp({ egress: [DB], enableDefaultDeny: { egress: false } }, 'open'),
      cnp({ egress: [{}] }, 'closed'),
    ]);
    const { egress } = judge(engine, { src: 'shop/web', dst: 'ops/prom' });
    expect(egress?.verdict).toBe('deny');
    expect(egress?.decidedBy.map(({ ref }) => ref.name)).toEqual(['closed']);
    expect(egress?.selectedBy.map(({ ref }) => ref.name)).toEqual(['open', 'closed']);
  });

  test('of L7 rules that do not isolate depends on the version', () => {
    const http = {
      toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{ method: 'GET' }] } }],
    };
    const engine = engineOf([cnp({ egress: [http], enableDefaultDeny: { egress: false } })]);
    const verdictOf = (method: string, port = 80) =>
      judge(engine, { src: 'shop/web', dst: 'shop/db', port, http: { method } }).egress;
    expect(verdictOf('GET')?.verdict).toBe('allow');
    expect(verdictOf('PUT')).toMatchObject({
      verdict: 'undetermined',
      reason: 'version-dependent',
    });
    expect(verdictOf('PUT', 81)?.verdict).toBe('allow');
  });

  test('each entry of specs is a policy of its own, under one name', () => {
    const [manifest] = manifestsOf(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: both, namespace: shop }
specs:
  - endpointSelector: { matchLabels: { app: web } }
    egress: [{ toEntities: [world] }]
  - endpointSelector: { matchLabels: { app: db } }
    egress: [{}]`);
    const engine = engineOf(manifest === undefined ? [] : [manifest]);
    const out = { ip: '198.51.100.4' };
    expect(judge(engine, { src: 'shop/web', dst: out }).verdict).toBe('allow');
    const { egress } = judge(engine, { src: 'shop/db', dst: out });
    expect(egress).toMatchObject({
      verdict: 'deny',
      decidedBy: [{ key: 'cilium:CiliumNetworkPolicy/shop/both' }],
    });
  });
});

describe('modes', () => {
  test.each([
    ['never', 'allow', 'enforcement-never', 'allow', 'enforcement-never'],
    ['default', 'deny', 'default-deny', 'allow', 'no-policy'],
    ['always', 'deny', 'default-deny', 'deny', 'default-deny'],
  ] as const)('%s', (policyEnforcementMode, verdict, reason, other, otherReason) => {
    const engine = engineOf([cnp({ egress: [{}] })], { policyEnforcementMode });
    const asked = { dst: { ip: '198.51.100.4' } };
    expect(judge(engine, { ...asked, src: 'shop/web' }).egress).toMatchObject({ verdict, reason });
    expect(judge(engine, { ...asked, src: 'shop/db' }).egress).toMatchObject({
      verdict: other,
      reason: otherReason,
    });
  });

  test('that nobody knows leave open what they would change', () => {
    const known = engineOf([cnp({ egress: [DB] })]);
    const settings = { ...known.world.settings, policyEnforcementMode: undefined };
    const world = { ...known.world, settings };
    for (const [dst, verdict] of [
      ['shop/db', 'allow'],
      ['ops/prom', 'undetermined'],
    ] as const) {
      const { connection } = judge(known, { src: 'shop/web', dst });
      expect(known.decide({ ...known.question(connection, 'egress'), world })?.verdict).toBe(
        verdict,
      );
    }
    const { connection } = judge(known, { src: 'shop/db', dst: 'ops/prom' });
    expect(known.decide({ ...known.question(connection, 'egress'), world })).toMatchObject({
      verdict: 'undetermined',
      missing: [{ kind: 'setting' }, { kind: 'setting' }],
    });
  });
});

describe('nodes', () => {
  test('reach the pods that run on them, whatever policies say', () => {
    const engine = engineOf([cnp({ ingressDeny: [{ fromEntities: ['all'] }], egress: [{}] })]);
    expect(judge(engine, { src: { node: 'n1' }, dst: 'shop/web' }).ingress).toMatchObject({
      verdict: 'allow',
      reason: 'own-node',
    });
    expect(judge(engine, { src: { node: 'n2' }, dst: 'shop/web' }).ingress?.verdict).toBe('deny');
    expect(judge(engine, { src: 'ops/agent', dst: 'shop/web' }).ingress?.verdict).toBe('deny');
    expect(judge(engine, { src: 'shop/web', dst: { node: 'n1' } }).egress?.verdict).toBe('deny');
  });

  test('of a pod that only a record knows are open where the policy denies', () => {
    const engine = engineOf([ccnp({ endpointSelector: {}, ingress: [{}] })]);
    const dst = { pod: { namespace: 'shop', name: 'gone', labels: {}, ips: ['10.9.9.9'] } };
    expect(judge(engine, { src: { node: 'n1' }, dst }).ingress?.verdict).toBe('undetermined');
  });

  test('are subject to policies of nodes where the host firewall is on', () => {
    const policy = ccnp({
      nodeSelector: { matchLabels: { zone: 'b' } },
      ingress: [
        { fromEntities: ['cluster'], toPorts: [{ ports: [{ port: '22', protocol: 'TCP' }] }] },
      ],
    });
    const off = engineOf([policy]);
    const on = engineOf([policy], { hostFirewall: true });
    const asked = { src: 'shop/web', dst: { node: 'n2' } };
    expect(judge(off, asked).ingress).toBeUndefined();
    expect(judge(on, asked).ingress).toMatchObject({ verdict: 'deny', reason: 'default-deny' });
    expect(judge(on, { ...asked, port: 22 }).ingress?.verdict).toBe('allow');
    expect(judge(on, { src: 'shop/web', dst: 'ops/agent' }).ingress?.verdict).toBe('deny');
    expect(judge(on, { src: 'shop/web', dst: { node: 'n1' } }).ingress?.reason).toBe('no-policy');
    expect(judge(on, { src: 'shop/web', dst: 'shop/db' }).verdict).toBe('allow');
  });
});

test('a pod reaches itself over IPv4; over IPv6 that is open where it is isolated', () => {
  const engine = engineOf([cnp({ endpointSelector: {}, ingress: [{}] })]);
  expect(judge(engine, { src: 'shop/db', dst: 'shop/db' }).verdict).toBe('allow');
  expect(judge(engine, { src: 'shop/db', dst: 'shop/db', ipFamily: 6 }).ingress).toMatchObject({
    verdict: 'undetermined',
    reason: 'loopback-unspecified',
  });
});

const NETWORK_POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: np, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Egress]
  egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }]`;

describe('NetworkPolicy', () => {
  test('counts in the same union, and blocks mean no pods', () => {
    const engine = engineOf([...manifestsOf(NETWORK_POLICY), cnp({ egress: [DB] })]);
    expect(judge(engine, { src: 'shop/web', dst: { ip: '198.51.100.4' } }).verdict).toBe('allow');
    expect(judge(engine, { src: 'shop/web', dst: 'shop/db' }).verdict).toBe('allow');
    expect(judge(engine, { src: 'shop/web', dst: 'ops/prom' }).verdict).toBe('deny');
  });

  test('loses against a deny of a cluster-wide policy', () => {
    const deny = ccnp({ endpointSelector: {}, egressDeny: [{ toCIDR: ['198.51.100.0/24'] }] });
    const engine = engineOf([...manifestsOf(NETWORK_POLICY), deny]);
    expect(judge(engine, { src: 'shop/web', dst: { ip: '198.51.100.4' } }).egress).toMatchObject({
      verdict: 'deny',
      reason: 'rule-deny',
      decidedBy: [{ key: 'cilium:CiliumClusterwideNetworkPolicy/cp' }],
    });
  });
});

const admin = (
  tier: string,
  priority: number,
  action: string,
  peer: unknown,
  name = `${tier}-${priority}-${action}`,
): Manifest => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: { name: name.toLowerCase() },
  spec: { tier, priority, subject: { namespaces: {} }, egress: [{ action, to: [peer] }] },
});

describe('policies of administrators', () => {
  const OUT = { networks: ['198.51.100.0/24'] };
  const asked = { src: 'shop/web', dst: { ip: '198.51.100.4' } };
  const on = { clusterNetworkPolicy: true };

  test('are not enforced without the setting', () => {
    const engine = engineOf([admin('Admin', 1, 'Deny', OUT)]);
    expect(judge(engine, asked).verdict).toBe('allow');
    expect(engine.notEnforced).toHaveLength(1);
  });

  test('accept what an ordinary deny would drop', () => {
    const deny = cnp({ egressDeny: [ALL_PEERS] });
    expect(judge(engineOf([deny], on), asked).verdict).toBe('deny');
    expect(judge(engineOf([deny, admin('Admin', 1, 'Accept', OUT)], on), asked).verdict).toBe(
      'allow',
    );
    const passed = [deny, admin('Admin', 0, 'Pass', OUT), admin('Admin', 1, 'Accept', OUT)];
    expect(judge(engineOf(passed, on), asked).verdict).toBe('deny');
  });

  test('of equal priority go by the position of the rule', () => {
    const [first, second] = [
      admin('Admin', 5, 'Accept', OUT, 'a'),
      admin('Admin', 5, 'Deny', OUT, 'b'),
    ];
    const [rule] = (second.spec as { egress: readonly unknown[] }).egress;
    const elsewhere = { action: 'Deny', to: [{ networks: ['192.0.2.0/24'] }] };
    const later = { ...second, spec: { ...(second.spec as object), egress: [elsewhere, rule] } };
    for (const policies of [
      [first, later],
      [later, first],
    ])
      expect(judge(engineOf(policies, on), asked).verdict).toBe('allow');
  });

  test('of equal priority and position deny first', () => {
    const tied = [admin('Admin', 5, 'Accept', OUT), admin('Admin', 5, 'Deny', OUT)];
    expect(judge(engineOf(tied, on), asked).verdict).toBe('deny');
    expect(judge(engineOf(tied.toReversed(), on), asked).verdict).toBe('deny');
  });

  test('mean pods by networks only where the agents are told so', () => {
    const pods = admin('Admin', 1, 'Deny', { networks: ['10.0.0.0/8'] });
    const toPod = { src: 'shop/web', dst: 'shop/db' };
    expect(judge(engineOf([pods], on), toPod).verdict).toBe('allow');
    const told = { ...on, policyCIDRMatchMode: ['pods'] };
    expect(judge(engineOf([pods], told), toPod).verdict).toBe('deny');
  });

  test('mean nodes only where the agents keep their labels', () => {
    const nodes = admin('Admin', 1, 'Deny', { nodes: { matchLabels: { zone: 'b' } } });
    const toNode = { src: 'shop/web', dst: { node: 'n2' } };
    expect(judge(engineOf([nodes], on), toNode).verdict).toBe('allow');
    expect(judge(engineOf([nodes], { ...on, nodeSelectorLabels: true }), toNode).verdict).toBe(
      'deny',
    );
  });

  test('in Baseline decide where nothing isolates', () => {
    const baseline = admin('Baseline', 1, 'Deny', OUT);
    expect(judge(engineOf([baseline], on), asked).verdict).toBe('deny');
    expect(judge(engineOf([baseline, cnp({ egress: [ALL_PEERS] })], on), asked).verdict).toBe(
      'allow',
    );
  });

  test('in Baseline that accept against a default deny depend on the version', () => {
    const isolated = cnp({ egress: [DB] });
    expect(
      judge(engineOf([isolated, admin('Baseline', 1, 'Accept', OUT)], on), asked).egress,
    ).toMatchObject({
      verdict: 'undetermined',
      reason: 'version-dependent',
    });
    const denied = [isolated, admin('Baseline', 1, 'Deny', OUT)];
    expect(judge(engineOf(denied, on), asked).egress).toMatchObject({
      verdict: 'deny',
      reason: 'default-deny',
    });
  });
});

const PEERS = [
  { toEndpoints: [{ matchLabels: { app: 'db' } }] },
  { toEndpoints: [{}] },
  { toEntities: ['world'] },
  { toEntities: ['all'] },
  { toCIDR: ['198.51.100.0/24'] },
  { toCIDR: ['198.51.100.4/32'] },
  {},
];
const PORTS = [[], ['80'], ['443'], ['0']];

const anyRule = fc
  .record({ peer: fc.constantFrom(...PEERS), ports: fc.constantFrom(...PORTS) })
  .map(({ peer, ports }) => ({
    ...peer,
    ...(ports.length === 0
      ? {}
      : { toPorts: [{ ports: ports.map((port) => ({ port, protocol: 'TCP' })) }] }),
  }));

const anyAsked = fc.record({
  src: fc.constant('shop/web'),
  dst: fc.constantFrom<string | { ip: string }>(
    'shop/db',
    'ops/prom',
    { ip: '198.51.100.4' },
    { ip: '192.0.2.1' },
  ),
  port: fc.constantFrom(80, 443, 8080),
});

test('deny wins over every allow, whatever its kind, its order and how exact it is', () => {
  fc.assert(
    fc.property(
      fc.array(anyRule, { maxLength: 4 }),
      anyRule,
      fc.boolean(),
      anyAsked,
      (allows, denied, isClusterwide, asked) => {
        const allow = allows.map((rule, at) => cnp({ egress: [rule] }, `allow-${at}`));
        const deny = (isClusterwide ? ccnp : cnp)({ egressDeny: [denied] }, 'deny');
        const alone = judge(engineOf([deny]), asked).egress;
        const before = judge(engineOf(allow), asked).egress;
        for (const policies of [
          [deny, ...allow],
          [...allow, deny],
        ]) {
          const both = judge(engineOf(policies), asked).egress;
          if (alone?.reason === 'rule-deny') expect(both?.reason).toBe('rule-deny');
          // What the deny rule does not match is as before, but for the isolation that it brings.
          else expect(both?.verdict).toBe(allow.length === 0 ? 'deny' : before?.verdict);
        }
      },
    ),
    { numRuns: 10_000 },
  );
});
