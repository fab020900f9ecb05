import { describe, expect, test } from 'vitest';
import type { CaseCluster, CaseFile, Probe } from '../../../server/policy/cases/case-file.ts';
import { judgeCases } from '../../../server/policy/cases/run-cases.ts';
import type { Judgement } from '../../../server/policy/engine.ts';
import type { Dataplane } from '../../../server/policy/facts.ts';
import { DATAPLANES, DIALECTS } from '../../../server/policy/registry.ts';

const CLUSTER: CaseCluster = {
  namespaces: [{ name: 'shop' }, { name: 'ops', labels: { team: 'ops' } }],
  nodes: [
    { name: 'n1', ips: ['172.18.0.2'], labels: { 'kubernetes.io/os': 'linux' } },
    { name: 'n2', ips: ['172.18.0.3'], labels: { 'kubernetes.io/os': 'windows' } },
  ],
  pods: [
    pod('shop/web', ['10.0.0.1', 'fd00::1'], 'n1'),
    pod('shop/cart', ['10.0.0.2', 'fd00::2'], 'n1'),
    pod('ops/win', ['10.0.0.3'], 'n2'),
  ],
  services: [
    {
      namespace: 'shop',
      name: 'web',
      clusterIPs: ['10.96.0.1'],
      selector: { app: 'web' },
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
    },
  ],
};

function pod(
  name: string,
  ips: readonly string[],
  node: string,
): NonNullable<CaseCluster['pods']>[number] {
  const [namespace = '', short = ''] = name.split('/');
  return { namespace, name: short, ips, node, labels: { app: short }, ports: [] };
}

/** What comes out of one connection in the cluster. */
function judged(
  dataplane: Dataplane,
  policies: string,
  probe: Partial<Probe> & Pick<Probe, 'src' | 'dst'>,
): Judgement {
  const file: CaseFile = {
    format: 'netpol-conformance/1',
    suite: '',
    clusters: { only: CLUSTER },
    cases: [
      {
        id: 'one',
        title: '',
        dataplane,
        cluster: 'only',
        policies,
        probes: [{ id: 1, protocol: 'TCP', port: 8080, expect: 'allow', ...probe }],
      },
    ],
  };
  const [result] = [
    ...judgeCases(file, { dialects: Object.values(DIALECTS), dataplanes: DATAPLANES }),
  ];
  if (result?.judgement === undefined) throw new Error(result?.notes.join());
  expect(result.notes).toEqual([]);
  return result.judgement;
}

const isolate = (namespace: string, rules = ''): string =>
  `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: only, namespace: ${namespace} }
spec: { policyTypes: [Ingress, Egress]${rules} }`;

const WEB_TO_CART = { src: 'shop/web', dst: 'shop/cart' };
const ICMP = { protocol: 'ICMP', port: undefined, icmpType: 8 };

describe('what the Kubernetes API leaves open', () => {
  test.each<[string, Dataplane, string, Parameters<typeof judged>[2], Judgement['verdict']]>([
    [
      'a pod with itself, isolated',
      'kubernetes',
      '',
      { src: 'shop/web', dst: 'shop/web' },
      'undetermined',
    ],
    ['… under NPM', 'azure-npm', '', { src: 'shop/web', dst: 'shop/web' }, 'undetermined'],
    [
      'a pod with itself through its service',
      'kubernetes',
      '',
      { src: 'shop/web', dst: { ip: '10.96.0.1' }, port: 80 },
      'undetermined',
    ],
    [
      'a pod with itself, admitted',
      'kubernetes',
      ', ingress: [{}], egress: [{}]',
      { src: 'shop/web', dst: 'shop/web' },
      'allow',
    ],
    ['ICMP of an isolated pod', 'kubernetes', '', { ...WEB_TO_CART, ...ICMP }, 'undetermined'],
    ['… under NPM', 'azure-npm', '', { ...WEB_TO_CART, ...ICMP }, 'deny'],
    [
      'ICMP and a rule with ports',
      'azure-npm',
      ', ingress: [{ports: [{port: 80}]}], egress: [{}]',
      { ...WEB_TO_CART, ...ICMP },
      'deny',
    ],
    ['its own node to a pod', 'kubernetes', '', { src: { node: 'n1' }, dst: 'shop/web' }, 'allow'],
    ['a pod to its own node', 'kubernetes', '', { src: 'shop/web', dst: { node: 'n1' } }, 'allow'],
    ['… under NPM', 'azure-npm', '', { src: 'shop/web', dst: { node: 'n1' } }, 'deny'],
    ['another node', 'kubernetes', '', { src: { node: 'n2' }, dst: 'shop/web' }, 'deny'],
    [
      'a node to a pod that only the record knows',
      'kubernetes',
      '',
      {
        src: { node: 'n2' },
        dst: { pod: { namespace: 'shop', name: 'gone', labels: {}, ips: ['10.0.0.9'] } },
      },
      'undetermined',
    ],
    [
      'IPv6 under NPM',
      'azure-npm',
      ', ingress: [{}], egress: [{}]',
      { ...WEB_TO_CART, ipFamily: 6 },
      'undetermined',
    ],
    ['IPv6 under the API', 'kubernetes', '', { ...WEB_TO_CART, ipFamily: 6 }, 'deny'],
  ])('%s (%s%s)', (_, dataplane, rules, probe, verdict) => {
    expect(judged(dataplane, isolate('shop', rules), probe).verdict).toBe(verdict);
  });
});

describe('Azure NPM enforces only what it can translate', () => {
  const toWindows = { src: 'shop/web', dst: 'ops/win' };
  test.each([
    [
      'an exception',
      ', ingress: [{from: [{ipBlock: {cidr: 10.9.0.0/16, except: [10.9.1.0/24]}}]}]',
    ],
    ['a named port', ', ingress: [{ports: [{port: http}]}]'],
    ['NotIn', ', podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [x]}]}'],
    ['SCTP', ', ingress: [{ports: [{protocol: SCTP}]}]'],
  ])('a policy with %s is not there on a Windows node, and is on a Linux node', (_, rules) => {
    const onWindows = judged('azure-npm', isolate('ops', rules), toWindows);
    expect(onWindows.ingress).toMatchObject({ verdict: 'allow', selectedBy: [] });
    const onLinux = judged('azure-npm', isolate('shop', rules), { ...toWindows, dst: 'shop/cart' });
    expect(onLinux.ingress?.verdict).toBe('deny');
  });

  test('a policy with a block of IPv6 is not there at all', () => {
    const rules = ', ingress: [{from: [{ipBlock: {cidr: "fd00::/8"}}]}]';
    expect(judged('azure-npm', isolate('shop', rules), WEB_TO_CART).verdict).toBe('allow');
  });

  test('policies for the whole cluster are not enforced', () => {
    const deny = `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: deny }
spec: { tier: Admin, priority: 1, subject: { namespaces: {} },
  egress: [{ action: Deny, to: [{ networks: ['0.0.0.0/0'] }] }] }`;
    expect(judged('azure-npm', deny, WEB_TO_CART).verdict).toBe('allow');
    expect(judged('kubernetes', deny, WEB_TO_CART).verdict).toBe('deny');
  });
});

describe('policies of equal priority', () => {
  const rule = (name: string, action: string): string => `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: ${name} }
spec: { tier: Admin, priority: 7, subject: { namespaces: {} },
  egress: [{ action: ${action}, to: [{ namespaces: {} }] }] }
`;

  test('that disagree leave it open', () => {
    const { egress } = judged('kubernetes', rule('a', 'Deny') + rule('b', 'Accept'), WEB_TO_CART);
    expect(egress).toMatchObject({ verdict: 'undetermined', reason: 'ambiguous' });
  });

  test('that agree decide it', () => {
    const { egress } = judged('kubernetes', rule('a', 'Deny') + rule('b', 'Deny'), WEB_TO_CART);
    expect(egress?.decidedBy.map(({ ref }) => ref.name)).toEqual(['a', 'b']);
  });
});
