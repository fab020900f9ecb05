import { describe, expect, test } from 'vitest';
import type { CaseSettings } from '../../../server/policy/cases/case-file.ts';
import { ccnp, cnp, engineOf, judge, manifestsOf, type Asked } from './cilium-world.ts';

type Verdicts = Readonly<Record<string, 'allow' | 'deny' | 'undetermined'>>;

/** Ends by the names that the tables use. */
const ENDS: Readonly<Record<string, Asked['src']>> = {
  db: 'shop/db',
  prom: 'ops/prom',
  one: 'bare/one',
  agent: 'ops/agent',
  own: { node: 'n1' },
  other: { node: 'n2' },
  cp: { node: 'cp' },
  out: { ip: '198.51.100.4' },
  resolved: { ip: '198.51.100.5', dns: ['a.example.com'] },
  nameless: { ip: '198.51.100.6', dns: [] },
  api: { ip: '203.0.113.7' },
  gone: { ip: '10.0.7.7', unresolved: true },
  out6: { ip: '2001:db8::1' },
};

/** What `web` may reach, and with `ingress` what may reach it. */
function expectPeers(
  spec: Readonly<Record<string, unknown>>,
  verdicts: Verdicts,
  {
    settings,
    clusterwide,
    also = '',
  }: {
    settings?: CaseSettings;
    clusterwide?: boolean;
    also?: string;
  } = {},
): void {
  const policy = clusterwide === true ? ccnp(spec) : cnp(spec);
  const engine = engineOf([policy, ...manifestsOf(also)], settings);
  const isIngress = 'ingress' in spec || 'ingressDeny' in spec;
  const found = Object.fromEntries(
    Object.keys(verdicts).map((name) => {
      const end = ENDS[name] ?? name;
      const ends = isIngress ? { src: end, dst: 'shop/web' } : { src: 'shop/web', dst: end };
      return [name, judge(engine, ends).verdict];
    }),
  );
  expect(found).toEqual(verdicts);
}

const labels = (matchLabels: Readonly<Record<string, string>>) => ({ matchLabels });
const where = (key: string, operator: string, values?: readonly string[]) => ({
  matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
});

describe('selectors of endpoints', () => {
  test('mean the namespace of the policy', () => {
    expectPeers(
      { egress: [{ toEndpoints: [{}] }] },
      { db: 'allow', prom: 'deny', out: 'deny', own: 'deny', agent: 'deny', gone: 'undetermined' },
    );
  });

  test('reach another namespace by its name, under k8s and without a source', () => {
    for (const key of ['k8s:io.kubernetes.pod.namespace', 'io.kubernetes.pod.namespace'])
      expectPeers(
        { egress: [{ toEndpoints: [labels({ [key]: 'ops' })] }] },
        { prom: 'allow', db: 'deny' },
      );
  });

  test('reach every namespace where the name only has to be there', () => {
    expectPeers(
      { egress: [{ toEndpoints: [where('io.kubernetes.pod.namespace', 'Exists')] }] },
      { prom: 'allow', db: 'allow', one: 'allow', out: 'deny', own: 'deny' },
    );
  });

  test('reach namespaces by their labels', () => {
    const key = 'k8s:io.cilium.k8s.namespace.labels.team';
    expectPeers(
      { egress: [{ toEndpoints: [labels({ [key]: 'ops' })] }] },
      { prom: 'allow', db: 'deny', one: 'deny' },
    );
    const name = 'io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name';
    expectPeers(
      { egress: [{ toEndpoints: [labels({ [name]: 'bare' })] }] },
      { one: 'allow', prom: 'deny' },
    );
  });

  test('of a namespace that nobody described are open', () => {
    const key = 'k8s:io.cilium.k8s.namespace.labels.team';
    const engine = engineOf([cnp({ ingress: [{ fromEndpoints: [labels({ [key]: 'ops' })] }] })]);
    const src = { pod: { namespace: 'new', name: 'x', labels: {}, ips: ['10.9.9.9'] } };
    const { ingress } = judge(engine, { src, dst: 'shop/web' });
    expect(ingress).toMatchObject({
      verdict: 'undetermined',
      missing: [{ kind: 'namespace-labels', text: 'the label team of namespace new' }],
    });
  });

  test('know cluster and service account', () => {
    const account = 'io.cilium.k8s.policy.serviceaccount';
    expectPeers(
      { ingress: [{ fromEndpoints: [labels({ [account]: 'db' })] }] },
      { db: 'allow', prom: 'deny' },
    );
    const cluster = 'io.cilium.k8s.policy.cluster';
    expectPeers({ egress: [{ toEndpoints: [labels({ [cluster]: 'default' })] }] }, { db: 'allow' });
    expectPeers(
      { egress: [{ toEndpoints: [labels({ [cluster]: 'east' })] }] },
      { db: 'deny' },
      { settings: { clusterName: 'west' } },
    );
  });

  test('with a source mean that source', () => {
    expectPeers({ egress: [{ toEndpoints: [labels({ 'k8s:app': 'db' })] }] }, { db: 'allow' });
    expectPeers({ egress: [{ toEndpoints: [labels({ 'any:app': 'db' })] }] }, { db: 'allow' });
    expectPeers({ egress: [{ toEndpoints: [labels({ 'container:app': 'db' })] }] }, { db: 'deny' });
  });

  test('that name a reserved label leave the namespace', () => {
    expectPeers(
      { egress: [{ toEndpoints: [labels({ 'reserved:world': '' })] }] },
      { out: 'allow', db: 'deny', own: 'deny', gone: 'undetermined' },
    );
    expectPeers(
      { egress: [{ toEndpoints: [labels({ 'reserved.remote-node': '' })] }] },
      { other: 'allow', own: 'deny' },
    );
  });

  test('of what must not be there match objects without the label, in the namespace', () => {
    expectPeers(
      { egress: [{ toEndpoints: [where('env', 'NotIn', ['prod'])] }] },
      { db: 'deny', one: 'deny', out: 'deny' },
    );
    expectPeers(
      { egress: [{ toEndpoints: [where('env', 'DoesNotExist')] }] },
      { db: 'deny', one: 'allow', out: 'deny', own: 'deny' },
      { clusterwide: true },
    );
  });

  test('of a cluster-wide policy mean pods of every namespace, and nothing else', () => {
    expectPeers(
      { ingress: [{ fromEndpoints: [{}] }] },
      { db: 'allow', prom: 'allow', out: 'deny', other: 'deny', own: 'allow' },
      { clusterwide: true },
    );
  });

  test('that list nobody admit nobody', () => {
    expectPeers({ egress: [{ toEndpoints: [] }] }, { db: 'deny', out: 'deny' });
    expectPeers(
      { egress: [{ toEndpoints: [], toPorts: [{ ports: [{ port: '80' }] }] }] },
      { db: 'deny' },
    );
  });
});

describe('the subject', () => {
  test('stays in the namespace of the policy, whatever the selector says for Cilium itself', () => {
    const to = (key: string) => cnp({ endpointSelector: labels({ [key]: 'ops' }), ingress: [{}] });
    const replaced = engineOf([to('k8s:io.kubernetes.pod.namespace')]);
    expect(judge(replaced, { src: 'bare/one', dst: 'shop/web' }).verdict).toBe('deny');
    expect(judge(replaced, { src: 'bare/one', dst: 'ops/prom' }).verdict).toBe('allow');
    const kept = engineOf([to('io.kubernetes.pod.namespace')]);
    expect(judge(kept, { src: 'bare/one', dst: 'shop/web' }).verdict).toBe('allow');
  });

  test('of a cluster-wide policy is every endpoint, and no node', () => {
    const engine = engineOf([ccnp({ endpointSelector: {}, ingress: [{}] })], {
      hostFirewall: true,
    });
    expect(judge(engine, { src: 'shop/web', dst: 'ops/prom' }).verdict).toBe('deny');
    expect(judge(engine, { src: 'shop/web', dst: { node: 'n2' } }).verdict).toBe('allow');
  });
});

test.each<[string, Verdicts]>([
  ['all', { db: 'allow', out: 'allow', own: 'allow', other: 'allow', gone: 'allow' }],
  ['none', { db: 'deny', out: 'deny', own: 'deny', gone: 'deny' }],
  ['world', { out: 'allow', out6: 'allow', db: 'deny', own: 'deny', gone: 'undetermined' }],
  ['world-ipv4', { out: 'allow', out6: 'deny', db: 'deny' }],
  ['world-ipv6', { out: 'deny', out6: 'allow' }],
  [
    'cluster',
    { db: 'allow', prom: 'allow', own: 'allow', other: 'allow', agent: 'allow', out: 'deny' },
  ],
  ['host', { own: 'allow', other: 'deny', agent: 'deny', db: 'deny' }],
  ['remote-node', { own: 'deny', other: 'allow', cp: 'allow', agent: 'allow', out: 'deny' }],
  ['kube-apiserver', { cp: 'allow', other: 'deny', db: 'deny', out: 'deny' }],
  ['namespace', { db: 'allow', prom: 'deny', out: 'deny', gone: 'undetermined' }],
  ['unmanaged', { db: 'deny', gone: 'undetermined' }],
  ['health', { db: 'deny', gone: 'deny' }],
])('the entity %s', (entity, verdicts) => {
  expectPeers({ egress: [{ toEntities: [entity] }] }, verdicts);
});

describe('blocks', () => {
  test('mean what is outside, never pods and nodes', () => {
    expectPeers(
      { egress: [{ toCIDR: ['0.0.0.0/0'] }] },
      { out: 'allow', db: 'deny', own: 'deny', out6: 'deny', gone: 'undetermined' },
    );
  });

  test('mean pods and nodes where the agents are told so', () => {
    expectPeers(
      { egress: [{ toCIDR: ['0.0.0.0/0'] }] },
      { out: 'allow', db: 'allow', own: 'deny', gone: 'allow' },
      { settings: { policyCIDRMatchMode: ['pods'] } },
    );
    expectPeers(
      { egress: [{ toCIDR: ['172.18.0.3'] }] },
      { other: 'allow', own: 'deny' },
      { settings: { policyCIDRMatchMode: ['nodes'] } },
    );
  });

  test('leave out what is excepted, from their own entry only', () => {
    const set = { cidr: '198.51.100.0/24', except: ['198.51.100.4/31'] };
    expectPeers({ egress: [{ toCIDRSet: [set] }] }, { out: 'deny', nameless: 'allow' });
    expectPeers(
      { egress: [{ toCIDRSet: [set, { cidr: '198.51.100.4/32' }] }] },
      { out: 'allow', resolved: 'deny' },
    );
  });

  test('of groups are those of the groups that are there', () => {
    const also = `
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: { name: partners, labels: { trust: low } }
spec: { externalCIDRs: [198.51.100.4/32, 2001:db8::/32] }`;
    const to = (entry: Readonly<Record<string, unknown>>) => ({ egress: [{ toCIDRSet: [entry] }] });
    expectPeers(
      to({ cidrGroupRef: 'partners' }),
      { out: 'allow', out6: 'allow', nameless: 'deny' },
      { also },
    );
    expectPeers(
      to({ cidrGroupSelector: labels({ trust: 'low' }) }),
      { out: 'allow', nameless: 'deny' },
      { also },
    );
    expectPeers(to({ cidrGroupSelector: labels({ trust: 'high' }) }), { out: 'deny' }, { also });
    expectPeers(to({ cidrGroupRef: 'absent' }), { out: 'deny' }, { also });
    expectPeers(
      to({ cidrGroupRef: 'partners', except: ['198.51.100.4/32'] }),
      { out: 'deny' },
      { also },
    );
  });
});

describe('names', () => {
  const names = (...entries: readonly Readonly<Record<string, string>>[]) => ({
    egress: [{ toFQDNs: entries }],
  });

  test('mean addresses that were resolved for them', () => {
    expectPeers(names({ matchName: 'A.example.com.' }), {
      resolved: 'allow',
      nameless: 'deny',
      out: 'undetermined',
      api: 'deny',
      db: 'deny',
      own: 'deny',
      gone: 'undetermined',
    });
    expectPeers(names({ matchName: 'api.example.com' }), { api: 'allow' });
  });

  test.each([
    ['*.example.com', ['a.example.com'], ['example.com', 'a.b.example.com', 'a.example.org']],
    ['**.example.com', ['a.example.com', 'a.b.example.com'], ['example.com']],
    ['sub*.example.com', ['sub.example.com', 'sub-1.example.com'], ['a.example.com']],
    ['*cdn*.example.com', ['cdn.example.com', 'xcdny.example.com'], ['cd.example.com']],
    ['a*a.example.com', ['aa.example.com'], ['a.example.com']],
    ['*', ['anything.at.all'], []],
    ['example.*', ['example.com'], ['example.co.uk']],
  ])('the pattern %s', (matchPattern, yes, no) => {
    const engine = engineOf([cnp(names({ matchPattern }))]);
    const verdictOf = (name: string) =>
      judge(engine, { src: 'shop/web', dst: { ip: '192.0.2.1', dns: [name] } }).verdict;
    expect(yes.filter((name) => verdictOf(name) !== 'allow')).toEqual([]);
    expect(no.filter((name) => verdictOf(name) !== 'deny')).toEqual([]);
  });

  test('with many stars take no time', () => {
    const engine = engineOf([cnp(names({ matchPattern: `${'*a'.repeat(100)}.example.com` }))]);
    const dst = { ip: '192.0.2.1', dns: [`${'a'.repeat(60)}b.example.com`] };
    expect(judge(engine, { src: 'shop/web', dst }).verdict).toBe('deny');
  });
});

describe('services', () => {
  const to = (...toServices: readonly unknown[]) => ({ egress: [{ toServices }] });

  test('with a selector mean their pods', () => {
    const byName = { k8sService: { serviceName: 'db', namespace: 'shop' } };
    expectPeers(to(byName), { db: 'allow', prom: 'deny', out: 'deny', gone: 'undetermined' });
    const bySelector = { k8sServiceSelector: { selector: labels({ tier: 'data' }) } };
    expectPeers(to(bySelector), { db: 'allow', prom: 'deny' });
    expectPeers(to({ k8sServiceSelector: { selector: labels({ tier: 'other' }) } }), {
      db: 'deny',
    });
  });

  test('without a selector mean their addresses', () => {
    const legacy = { k8sService: { serviceName: 'legacy', namespace: 'shop' } };
    expectPeers(to(legacy), { out: 'allow', nameless: 'deny', db: 'deny' });
  });

  test('are seen through: the port behind them counts', () => {
    const to5432 = {
      toEndpoints: [labels({ app: 'db' })],
      toPorts: [{ ports: [{ port: '5432' }] }],
    };
    const engine = engineOf([cnp({ egress: [to5432] })]);
    expect(judge(engine, { src: 'shop/web', dst: { ip: '10.96.0.9' }, port: 80 }).verdict).toBe(
      'allow',
    );
  });

  test('with ports beside them depend on the version', () => {
    const rule = {
      toServices: [{ k8sService: { serviceName: 'db', namespace: 'shop' } }],
      toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }] }],
    };
    const engine = engineOf([cnp({ egress: [rule] })]);
    expect(judge(engine, { src: 'shop/web', dst: 'shop/db' }).egress).toMatchObject({
      verdict: 'undetermined',
      reason: 'version-dependent',
    });
  });
});

test('nodes are selected by labels that the agents keep', () => {
  const spec = { egress: [{ toNodes: [labels({ role: 'worker' })] }] };
  const settings = { nodeSelectorLabels: true };
  expectPeers(spec, { own: 'allow', other: 'allow', cp: 'deny', db: 'deny' }, { settings });
  expectPeers(spec, { own: 'deny', other: 'deny' });
});

test('groups of a cloud are open', () => {
  expectPeers(
    { egress: [{ toGroups: [{ aws: { securityGroupsIds: ['sg-1'] } }] }] },
    { out: 'undetermined' },
  );
});

test('what every peer must have holds against what other rules admit', () => {
  const engine = engineOf([
    cnp({ ingress: [{ fromRequires: [where('env', 'In', ['prod'])] }] }, 'requires'),
    cnp({ ingress: [{ fromEntities: ['cluster'] }] }, 'admits'),
  ]);
  expect(judge(engine, { src: 'shop/db', dst: 'shop/web' }).verdict).toBe('allow');
  expect(judge(engine, { src: 'bare/one', dst: 'shop/web' }).verdict).toBe('deny');
});

test('a field that nobody knows leaves its rule open, and names itself', () => {
  const rule = { toEntities: ['world'], toMoon: [{}] };
  const engine = engineOf([cnp({ egress: [rule] })]);
  expect(judge(engine, { src: 'shop/web', dst: 'shop/db' }).verdict).toBe('deny');
  expect(judge(engine, { src: 'shop/web', dst: { ip: '198.51.100.4' } }).egress).toMatchObject({
    verdict: 'undetermined',
    missing: [{ kind: 'unknown-field', text: 'what spec.egress[0].toMoon means' }],
  });
});
