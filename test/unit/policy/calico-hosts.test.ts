import { describe, expect, test } from 'vitest';
import type { CaseCluster } from '../../../server/policy/cases/case-file.ts';
import { calicoCluster, type AskedProbe } from '../../support/calico-cluster.ts';

const cluster: CaseCluster = {
  nodes: [
    { name: 'n1', ips: ['192.0.2.1'], labels: {} },
    { name: 'n2', ips: ['192.0.2.2'], labels: {} },
  ],
  pods: [
    { namespace: 'shop', name: 'web', labels: { app: 'web' }, ips: ['10.0.0.1'], node: 'n1' },
    { namespace: 'shop', name: 'api', labels: { app: 'api' }, ips: ['10.0.0.3'], node: 'n1' },
    { namespace: 'shop', name: 'db', labels: { app: 'db' }, ips: ['10.0.0.2'], node: 'n2' },
    {
      namespace: 'shop',
      name: 'agent',
      labels: { app: 'db' },
      ips: ['192.0.2.1'],
      node: 'n1',
      hostNetwork: true,
    },
  ],
};

const host = (more: string): string => `---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: { name: n1-eth0, labels: { role: node } }
spec: { node: n1, ${more} }
`;
const policy = (spec: string): string => `---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: p }
spec: { ${spec} }
`;
const ETH0 = host("interfaceName: eth0, expectedIPs: ['192.0.2.1']");
const AUTO = host("interfaceName: '*', profiles: [projectcalico-default-allow]");
const DENY_DB = policy("selector: app == 'db'");
const fromOutside: AskedProbe = { src: { ip: '203.0.113.9' }, dst: { node: 'n1' }, port: 443 };

function ends(policies: string, probe: AskedProbe): readonly (string | undefined)[] {
  const { egress, ingress } = calicoCluster(cluster, policies).ask(probe);
  return [egress?.verdict, ingress?.verdict];
}

describe('pods and nodes', () => {
  test.each([
    ['a node reaches its own pods', { src: { node: 'n2' }, dst: 'shop/db' }, [undefined, 'allow']],
    ['not those of others', { src: { node: 'n1' }, dst: 'shop/db' }, [undefined, 'deny']],
    [
      'pods on its network are the node',
      { src: 'shop/web', dst: 'shop/agent' },
      ['allow', undefined],
    ],
    ['outside is not judged', { src: { ip: '203.0.113.9' }, dst: 'shop/db' }, [undefined, 'deny']],
  ] as const)('%s', (_, probe, expected) => {
    expect(ends(DENY_DB, { ...probe, port: 5432 })).toEqual(expected);
  });

  test('what a pod sends to its own node is judged by its policies', () => {
    const denied = policy("selector: app == 'web', types: [Egress]");
    expect(ends(denied, { src: 'shop/web', dst: { node: 'n1' }, port: 80 })[0]).toBe('deny');
  });

  test('whether a pod that is isolated reaches itself is open', () => {
    const probe = { src: 'shop/db', dst: 'shop/db', port: 5432 };
    expect(ends(DENY_DB, probe)).toEqual(['allow', 'undetermined']);
  });
});

describe('host endpoints', () => {
  test.each([
    ['without one a node is not judged', '', fromOutside, undefined],
    ['one made by hand denies what no policy admits', ETH0, fromOutside, 'deny'],
    ['one that Calico made allows it', AUTO, fromOutside, 'allow'],
    [
      'ports that keep a node reachable stay open',
      ETH0 + policy("selector: role == 'node', ingress: [{ action: Deny }]"),
      { ...fromOutside, port: 22 },
      'allow',
    ],
    ['not of another protocol', ETH0, { ...fromOutside, port: 22, protocol: 'UDP' }, 'deny'],
    [
      'its labels select it',
      ETH0 + policy("selector: role == 'node', ingress: [{ action: Allow }]"),
      fromOutside,
      'allow',
    ],
    [
      'other labels do not',
      AUTO + policy("selector: role == 'other', ingress: [{ action: Deny }]"),
      fromOutside,
      'allow',
    ],
    [
      'an empty selector selects hosts as well as pods',
      AUTO + policy('ingress: [{ action: Deny }]'),
      fromOutside,
      'deny',
    ],
    [
      'a namespace selector selects pods only',
      AUTO + policy('namespaceSelector: all(), ingress: [{ action: Deny }]'),
      fromOutside,
      'allow',
    ],
    [
      'doNotTrack comes first',
      ETH0 +
        policy(
          "selector: role == 'node', doNotTrack: true, applyOnForward: true, ingress: [{ action: Allow }]",
        ),
      fromOutside,
      'allow',
    ],
    [
      'preDNAT decides nothing where no rule of it matches',
      AUTO +
        policy(
          "selector: role == 'node', preDNAT: true, applyOnForward: true, ingress: [{ action: Deny, protocol: UDP }]",
        ),
      fromOutside,
      'allow',
    ],
    [
      'of several interfaces without addresses the one used is not known',
      host('interfaceName: eth0') + host('interfaceName: eth1'),
      fromOutside,
      'undetermined',
    ],
  ] as const)('%s', (_, policies, probe, expected) => {
    expect(ends(policies, probe)[1]).toBe(expected);
  });

  test('selectors in rules find hosts by their addresses', () => {
    const admitting = policy(
      "selector: app == 'db', ingress: [{ action: Allow, source: { selector: role == 'node' } }]",
    );
    const probe = { src: { node: 'n1' }, dst: 'shop/db', port: 5432 };
    expect(ends(ETH0 + admitting, probe)[1]).toBe('allow');
    expect(ends(admitting, probe)[1]).toBe('deny');
  });

  test('named ports of hosts are their own', () => {
    const named = host(
      "interfaceName: eth0, expectedIPs: ['192.0.2.1'], ports: [{ name: https, port: 443, protocol: TCP }]",
    );
    const admitting = policy(
      "selector: role == 'node', ingress: [{ action: Allow, protocol: TCP, destination: { ports: [https] } }]",
    );
    expect(ends(named + admitting, fromOutside)[1]).toBe('allow');
    expect(ends(named + admitting, { ...fromOutside, port: 444 })[1]).toBe('deny');
  });

  test('policies for host endpoints alone leave pods alone', () => {
    const untracked = policy('doNotTrack: true, applyOnForward: true, ingress: [{ action: Deny }]');
    const probe = { src: 'shop/web', dst: 'shop/db', port: 5432 };
    expect(ends(untracked, probe)[1]).toBe('allow');
  });

  test('what a host does to what it forwards is open where a policy says something of it', () => {
    const forwarding = policy(
      "selector: role == 'node', applyOnForward: true, ingress: [{ action: Deny }]",
    );
    const probe = { src: 'shop/db', dst: 'shop/web', port: 80 };
    expect(ends(ETH0 + forwarding, probe)[1]).toBe('undetermined');
    expect(ends(forwarding, probe)[1]).toBe('allow');
    const isolated = policy("selector: app == 'web'").replace('name: p', 'name: q');
    expect(ends(ETH0 + forwarding + isolated, probe)[1]).toBe('deny');
  });

  test('what none of the endpoints of a host denies goes on, through whichever of them it came', () => {
    const probe = { src: 'shop/db', dst: 'shop/web', port: 80 };
    const admitting = policy(
      "selector: role == 'node', applyOnForward: true, ingress: [{ action: Allow, protocol: TCP, destination: { ports: [80] } }]",
    );
    expect(ends(ETH0 + admitting, probe)[1]).toBe('allow');
    expect(ends(ETH0 + admitting, { ...probe, port: 81 })[1]).toBe('undetermined');
    const ofPods = policy(
      'namespaceSelector: all(), applyOnForward: true, ingress: [{ action: Deny, protocol: UDP }]',
    );
    expect(ends(ETH0 + ofPods, { ...probe, protocol: 'UDP' })[1]).toBe('deny');
    expect(ends(ETH0 + ofPods, probe)[1]).toBe('deny');
  });

  test('an endpoint for all interfaces sees all that is forwarded, and its rules decide', () => {
    const probe = { src: 'shop/db', dst: 'shop/web', port: 80 };
    const denying = policy(
      "selector: role == 'node', applyOnForward: true, ingress: [{ action: Deny, protocol: UDP }, { action: Allow }]",
    );
    expect(ends(AUTO + denying, probe)[1]).toBe('allow');
    expect(ends(AUTO + denying, { ...probe, protocol: 'UDP' })[1]).toBe('deny');
    const { ingress } = calicoCluster(cluster, AUTO + denying).ask({ ...probe, protocol: 'UDP' });
    expect(ingress?.rules.map(({ rule }) => rule.path)).toEqual([['spec', 'ingress', 0]]);
    // What stays on the node goes through no host.
    expect(
      ends(AUTO + denying, { src: 'shop/api', dst: 'shop/web', port: 80, protocol: 'UDP' })[1],
    ).toBe('allow');
  });
});
