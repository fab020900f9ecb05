import fc from 'fast-check';
import type { Manifest } from '../../server/core/manifest.ts';
import { APPS, NAMESPACES } from './policy-arbitrary.ts';

/** CiliumNetworkPolicies and their cluster-wide kind, with all kinds of peers, ports and denials. */

const NAMESPACE = 'k8s:io.kubernetes.pod.namespace';
const app = fc.constantFrom(...APPS);
const namespace = fc.constantFrom(...NAMESPACES);

const labels = fc.oneof(
  app.map((value) => ({ app: value })),
  fc.constant({}),
  fc.constantFrom({ tier: 'front' }, { 'pod-template-hash': 'h1' }),
);

const selector = fc.oneof(
  labels.map((matchLabels) => ({ matchLabels })),
  fc.constantFrom(
    {},
    { matchExpressions: [{ key: 'tier', operator: 'Exists' }] },
    { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['x'] }] },
  ),
);

const endpoints = fc.oneof(
  selector,
  fc
    .tuple(labels, namespace)
    .map(([own, name]) => ({ matchLabels: { ...own, [NAMESPACE]: name } })),
  fc.constant({ matchExpressions: [{ key: NAMESPACE, operator: 'Exists' }] }),
);

const blockSet = fc.constantFrom(
  { cidr: '203.0.113.0/24' },
  { cidr: '203.0.113.0/24', except: ['203.0.113.7/32'] },
  { cidr: '0.0.0.0/0', except: ['198.51.100.0/24'] },
  { cidr: '10.0.0.0/8' },
);

const entity = fc.constantFrom(
  ...['all', 'world', 'cluster', 'host', 'remote-node', 'kube-apiserver', 'none'],
);

const some = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> =>
  fc.array(item, { minLength: 1, maxLength: 2 });

/** One kind of peers, since a rule may have no two. */
const peers = (to: 'from' | 'to'): fc.Arbitrary<object> =>
  fc.oneof(
    { weight: 4, arbitrary: some(endpoints).map((list) => ({ [`${to}Endpoints`]: list })) },
    { weight: 2, arbitrary: some(entity).map((list) => ({ [`${to}Entities`]: list })) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(['203.0.113.7/32'], ['0.0.0.0/0'], ['198.51.100.0/24', '10.0.0.0/8'])
        .map((list) => ({ [`${to}CIDR`]: list })),
    },
    { weight: 1, arbitrary: some(blockSet).map((list) => ({ [`${to}CIDRSet`]: list })) },
    { weight: 1, arbitrary: fc.constant({}) },
  );

const portItem = fc.constantFrom(
  { port: '80' },
  { port: '80', protocol: 'TCP' },
  { port: '443', protocol: 'TCP' },
  { port: '80', endPort: 90, protocol: 'ANY' },
  { port: 'http', protocol: 'TCP' },
  { port: '0', protocol: 'UDP' },
);

const ports = fc.oneof(
  { weight: 3, arbitrary: some(portItem).map((list) => ({ toPorts: [{ ports: list }] })) },
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ icmps: [{ fields: [{ type: 8 }] }] }) },
);

const rule = (to: 'from' | 'to'): fc.Arbitrary<object> =>
  fc.tuple(peers(to), ports).map(([own, rest]) => ({ ...own, ...rest }));

const named = fc.constant({ toFQDNs: [{ matchName: 'api.example.com' }] });

const rules = (item: fc.Arbitrary<object>): fc.Arbitrary<readonly object[]> =>
  fc.array(item, { maxLength: 2 });

const sometimes = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(item, { nil: undefined, freq: 2 });

const spec = fc
  .record({
    endpointSelector: selector,
    ingress: sometimes(rules(rule('from'))),
    egress: sometimes(rules(fc.oneof({ weight: 5, arbitrary: rule('to') }, named))),
    ingressDeny: sometimes(rules(rule('from'))),
    egressDeny: sometimes(rules(rule('to'))),
    enableDefaultDeny: fc.option(fc.constant({ ingress: false, egress: false }), {
      nil: undefined,
      freq: 5,
    }),
  })
  // A policy without any rules is refused.
  .map((made) => ({ ...made, ingress: made.ingress ?? [{}] }));

/** Everything but what is denied, which needs a rule that admits it. */
const denials = fc
  .record({
    endpointSelector: selector,
    ingressDeny: some(rule('from')),
    egressDeny: sometimes(some(rule('to'))),
  })
  .map((made) => ({
    ...made,
    ingress: [{ fromEntities: ['all'] }],
    ...(made.egressDeny === undefined ? {} : { egress: [{ toEntities: ['all'] }] }),
  }));

const draft = fc.record({
  isWide: fc.boolean(),
  namespace,
  spec: fc.oneof({ weight: 3, arbitrary: spec }, denials),
});

export const ciliumPolicies: fc.Arbitrary<readonly Manifest[]> = fc
  .array(draft, { minLength: 1, maxLength: 3 })
  .map((drafts) =>
    drafts.map(({ isWide, namespace: own, spec: written }, at) => ({
      apiVersion: 'cilium.io/v2',
      kind: isWide ? 'CiliumClusterwideNetworkPolicy' : 'CiliumNetworkPolicy',
      metadata: { name: `c${at}`, ...(isWide ? {} : { namespace: own }) },
      spec: withoutUndefined(written),
    })),
  );

const withoutUndefined = (record: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
