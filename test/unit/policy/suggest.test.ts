import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../server/core/manifest.ts';
import type {
  ClusterFacts,
  Connection,
  Dataplane,
  PodParty,
} from '../../../server/policy/facts.ts';
import { labelsOf } from '../../../server/policy/labels.ts';
import { suggest } from '../../../server/policy/suggest/suggest.ts';
import { connectionOf, engineOf, FACTS, OUTSIDE, pod } from '../../conformance/policy-arbitrary.ts';

/** What random sets meet too seldom: changes that would take something away, and refusals with their reasons. */

const podWith = (
  namespace: string,
  name: string,
  last: number,
  labels: Readonly<Record<string, string>>,
): PodParty => ({ ...pod(namespace, 'x', last), name, labels: labelsOf(labels) });

const cart = podWith('a', 'cart', 1, { app: 'cart' });
const redis = podWith('a', 'redis', 2, { app: 'redis', store: 'yes' });
const mongo = podWith('a', 'mongo', 3, { app: 'mongo', store: 'yes' });
const far = podWith('b', 'cart', 1, { app: 'cart' });

const factsOf = (...pods: readonly PodParty[]): ClusterFacts => ({
  ...FACTS,
  pods: new Map(pods.map((each) => [`${each.namespace}/${each.name}`, each])),
});

const WORLD = factsOf(cart, redis, mongo, far);

const to = (client: Connection['client'], server: Connection['server'], port = 80): Connection =>
  connectionOf({ client, server, port, protocol: 'TCP' });

type Case = {
  readonly dataplane: Dataplane;
  readonly policies: readonly Manifest[];
  readonly facts?: ClusterFacts;
};

/** The change for a connection, and how the policies decide others with it. */
function changeFor(asked: Connection, { dataplane, policies, facts = WORLD }: Case) {
  const engine = engineOf(policies, facts, dataplane);
  const found = suggest({
    ...{ manifests: policies, engine, judged: { connection: asked, reply: 'no' } },
    builder: { build: (manifests) => engineOf(manifests, facts, dataplane) },
  });
  const [part] = found.kind === 'change' ? found.parts : [];
  return {
    why: found.kind === 'none' ? found.why : '',
    changed: part?.after,
    verdict: (other: Connection) =>
      (found.kind === 'change' ? found.engine : engine).judge({ connection: other, reply: 'no' })
        .verdict,
  };
}

const calico = (kind: string, name: string, spec: object, namespace?: string): Manifest => ({
  ...{ apiVersion: 'projectcalico.org/v3', kind },
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  spec,
});

const cilium = (kind: string, name: string, spec: object, namespace?: string): Manifest => ({
  ...{ apiVersion: 'cilium.io/v2', kind },
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  spec,
});

const TIER = calico('Tier', 'security', { order: 10 });

describe('what a change must not take away', () => {
  test('a Pass is not written before a policy of the tier that allows others', () => {
    const types = ['Ingress'];
    const policies = [
      TIER,
      calico('GlobalNetworkPolicy', 'security.stores', {
        ...{ tier: 'security', order: 10, selector: "store == 'yes'", types },
      }),
      calico('GlobalNetworkPolicy', 'security.mongo', {
        ...{ tier: 'security', order: 20, selector: "app == 'mongo'", types },
        ingress: [{ action: 'Allow', source: { selector: "app == 'cart'" } }],
      }),
      calico('NetworkPolicy', 'default.mongo', { selector: "app == 'mongo'", types }, 'a'),
    ];
    const { verdict } = changeFor(to(cart, redis), { dataplane: 'calico', policies });
    expect(verdict(to(cart, redis))).toBe('allow');
    expect(verdict(to(cart, mongo))).toBe('allow');
  });

  test('a namespace is not written into a rule that finds network sets by its labels', () => {
    const policies = [
      calico('NetworkSet', 'office', { nets: [OUTSIDE.ip] }, 'a'),
      calico(
        'NetworkPolicy',
        'default.redis',
        {
          ...{ selector: "app == 'redis'", types: ['Ingress'] },
          ingress: [{ action: 'Allow', source: { selector: "app == 'cart'" } }],
        },
        'a',
      ),
    ].map((each) =>
      each.kind === 'NetworkSet'
        ? { ...each, metadata: { ...each.metadata, labels: { app: 'cart' } } }
        : each,
    );
    const facts = factsOf(redis, far);
    const { verdict } = changeFor(to(far, redis), { dataplane: 'calico', policies, facts });
    expect(verdict(to(far, redis))).toBe('allow');
    expect(verdict(to(OUTSIDE, redis))).toBe('allow');
  });

  test('a port is not changed where the rule is about pods that listen on the one it names', () => {
    const facts: ClusterFacts = {
      ...WORLD,
      services: [
        {
          ...{ namespace: 'a', name: 'redis', labels: labelsOf({}), clusterIps: [], endpoints: [] },
          selector: new Map([['app', 'redis']]),
          ports: [{ port: 443, targetPort: 80, protocol: 'TCP' }],
        },
      ],
    };
    const policies: readonly Manifest[] = [
      {
        ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
        metadata: { name: 'stores', namespace: 'a' },
        spec: {
          podSelector: { matchLabels: { store: 'yes' } },
          ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 443 }] }],
        },
      },
    ];
    const { verdict } = changeFor(to(cart, redis), { dataplane: 'kubernetes', policies, facts });
    expect(verdict(to(cart, redis))).toBe('allow');
    expect(verdict(to(cart, mongo, 443))).toBe('allow');
  });

  test('a policy of its own is not written for pods of which some are not isolated', () => {
    const old = podWith('a', 'redis-old', 4, { app: 'redis', 'pod-template-hash': 'h1' });
    const young = podWith('a', 'redis-new', 5, { app: 'redis', 'pod-template-hash': 'h2' });
    const policies = [
      cilium('CiliumClusterwideNetworkPolicy', 'old', {
        endpointSelector: { matchLabels: { 'pod-template-hash': 'h1' } },
        ingress: [{ fromEntities: ['health'] }],
      }),
    ];
    const facts = factsOf(cart, old, young);
    const { verdict, changed } = changeFor(to(cart, old), { dataplane: 'cilium', policies, facts });
    expect(changed).toMatchObject({ spec: { enableDefaultDeny: { ingress: false } } });
    expect(verdict(to(cart, old))).toBe('allow');
    expect(verdict(to(OUTSIDE, young))).toBe('allow');
  });
});

describe('exceptions from rules that deny', () => {
  test('Calico: an Allow for the two workloads stands before the Deny, and no other pod gets past it', () => {
    const policies = [
      calico('GlobalNetworkPolicy', 'default.no-carts', {
        ...{ order: 10, selector: 'all()', types: ['Ingress'] },
        ingress: [
          { action: 'Log' },
          { action: 'Deny', source: { selector: "app == 'cart'" } },
          { action: 'Allow' },
        ],
      }),
    ];
    const { verdict, changed } = changeFor(to(cart, redis), { dataplane: 'calico', policies });
    expect(changed?.['spec']).toMatchObject({
      ingress: [
        { action: 'Log' },
        {
          ...{ action: 'Allow', protocol: 'TCP' },
          source: {
            selector: "app == 'cart'",
            namespaceSelector: "projectcalico.org/name == 'a'",
          },
          destination: {
            ...{ selector: "app == 'redis'", ports: [80] },
            namespaceSelector: "projectcalico.org/name == 'a'",
          },
        },
        { action: 'Deny' },
        { action: 'Allow' },
      ],
    });
    const others = [to(cart, mongo), to(far, redis), to(cart, redis, 81)];
    expect(others.map(verdict)).toEqual(['deny', 'deny', 'deny']);
  });

  test('Cilium: a denial by labels is for all but the pods that have them, and for no end without a namespace', () => {
    const policies = [
      cilium('CiliumClusterwideNetworkPolicy', 'stores', {
        endpointSelector: { matchLabels: { store: 'yes' } },
        ingress: [{ fromEntities: ['all'] }],
        ingressDeny: [{ fromEndpoints: [{}] }],
      }),
    ];
    const { verdict, changed } = changeFor(to(cart, redis), { dataplane: 'cilium', policies });
    expect(changed?.['spec']).toMatchObject({
      ingressDeny: [
        {
          fromEndpoints: [
            { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['cart'] }] },
            {
              matchExpressions: [
                { key: 'k8s:io.kubernetes.pod.namespace', operator: 'Exists' },
                { key: 'k8s:io.kubernetes.pod.namespace', operator: 'NotIn', values: ['a'] },
              ],
            },
          ],
        },
      ],
    });
    expect(verdict(to(cart, redis))).toBe('allow');
    expect(verdict(to(OUTSIDE, redis))).toBe('allow');
    expect([to(far, redis), to(mongo, redis)].map(verdict)).toEqual(['deny', 'deny']);
  });

  test('Cilium: a block loses one address, and a rule that admits it is added where there is none', () => {
    const policies = [
      cilium(
        'CiliumNetworkPolicy',
        'cart',
        {
          endpointSelector: { matchLabels: { app: 'cart' } },
          egressDeny: [{ toCIDR: ['203.0.113.0/24', '192.0.2.0/24'] }],
        },
        'a',
      ),
    ];
    const { verdict, changed } = changeFor(to(cart, OUTSIDE), { dataplane: 'cilium', policies });
    expect(changed?.['spec']).toMatchObject({
      egressDeny: [
        {
          toCIDRSet: [
            { cidr: '203.0.113.0/24', except: ['203.0.113.7/32'] },
            { cidr: '192.0.2.0/24' },
          ],
        },
      ],
      egress: [{ toCIDR: ['203.0.113.7/32'] }],
    });
    expect(verdict(to(cart, { ...OUTSIDE, ip: '203.0.113.8' }))).toBe('deny');
  });

  test.each([
    [[{ toEntities: ['world'] }], 'is about entities, which have no exceptions'],
    [[{ toCIDR: ['203.0.113.7/32'] }], 'names this address and no block around it'],
    [[{ toPorts: [{ ports: [{ port: '80' }] }] }], 'names no peers'],
  ])('Cilium: where %j denies, the text says why there is no exception', (egressDeny, reason) => {
    const spec = { endpointSelector: {}, egressDeny, egress: [{ toEntities: ['all'] }] };
    const policies = [cilium('CiliumNetworkPolicy', 'no-world', spec, 'a')];
    const { why } = changeFor(to(cart, OUTSIDE), { dataplane: 'cilium', policies });
    expect(why).toMatch(/^CiliumNetworkPolicy a\/no-world denies it in spec\.egressDeny\[0\]/);
    expect(why).toContain(reason);
    expect(why).toContain('It selects 3 of the 4 pods that are known.');
  });

  test('an admin policy is named, and where a rule that accepts it would have to stand', () => {
    const policies: readonly Manifest[] = [
      {
        ...{ apiVersion: 'policy.networking.k8s.io/v1alpha1', kind: 'AdminNetworkPolicy' },
        metadata: { name: 'no-carts' },
        spec: {
          ...{ priority: 5, subject: { namespaces: {} } },
          ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }],
        },
      },
    ];
    const { why } = changeFor(to(cart, redis), { dataplane: 'kubernetes', policies });
    expect(why).toMatch(
      /^AdminNetworkPolicy no-carts denies it in spec\.ingress\[0\].*before that one/,
    );
  });
});
