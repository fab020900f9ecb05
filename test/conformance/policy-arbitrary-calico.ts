import fc from 'fast-check';
import type { Manifest } from '../../server/core/manifest.ts';
import { APPS, NAMESPACES } from './policy-arbitrary.ts';

/** Calico's policies in two tiers, with all four actions, and network sets that their selectors find. */

const API = 'projectcalico.org/v3';
const namespace = fc.constantFrom(...NAMESPACES);

const selector = fc.constantFrom(
  ...['all()', 'has(tier)', "app != 'x'", "pod-template-hash == 'h1'", "tier in {'front', 'back'}"],
  ...APPS.map((app) => `app == '${app}'`),
);

const namespaceSelector = fc.constantFrom(
  ...['all()', 'global()'],
  ...NAMESPACES.map((name) => `projectcalico.org/name == '${name}'`),
  ...NAMESPACES.map((name) => `team == '${name}'`),
);

/** Half of a rule as a peer; `net == 'set'` is a label of network sets, which have one of pods too. */
const peer: fc.Arbitrary<object> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 3, arbitrary: selector.map((text) => ({ selector: text })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(selector, namespaceSelector)
      .map(([own, scope]) => ({ selector: own, namespaceSelector: scope })),
  },
  { weight: 1, arbitrary: namespaceSelector.map((scope) => ({ namespaceSelector: scope })) },
  { weight: 1, arbitrary: selector.map((text) => ({ notSelector: text })) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      { nets: ['203.0.113.0/24'] },
      { nets: ['0.0.0.0/0'], notNets: ['203.0.113.7/32'] },
      { notNets: ['10.0.0.0/8'] },
      { nets: ['10.0.1.0/24', '10.9.0.0/16'] },
      { selector: "net == 'set'" },
      { selector: "net == 'set'", namespaceSelector: 'global()' },
      { serviceAccounts: { names: ['other'] } },
    ),
  },
);

const ports = fc.constantFrom([80], ['80:90'], ['http'], [443]);

type Half = Readonly<Record<string, unknown>>;

const rule = (way: 'ingress' | 'egress'): fc.Arbitrary<object> =>
  fc
    .record({
      action: fc.constantFrom('Allow', 'Allow', 'Deny', 'Deny', 'Pass', 'Log'),
      peer,
      subject: fc.oneof(
        { weight: 5, arbitrary: fc.constant({}) },
        selector.map((text) => ({ selector: text })),
      ),
      protocol: fc.constantFrom(undefined, undefined, 'TCP', 'UDP', 'ICMP'),
      ports: fc.option(ports, { nil: undefined }),
    })
    .map(({ action, peer: other, subject, protocol, ports: numbers }) => {
      const [source, destination]: readonly Half[] =
        way === 'ingress' ? [{ ...other }, { ...subject }] : [{ ...subject }, { ...other }];
      const hasPorts = numbers !== undefined && (protocol === 'TCP' || protocol === 'UDP');
      return {
        action,
        ...(protocol === undefined ? {} : { protocol }),
        source,
        destination: { ...destination, ...(hasPorts ? { ports: numbers } : {}) },
      };
    });

const draft = fc.record({
  isGlobal: fc.boolean(),
  namespace,
  tier: fc.constantFrom('default', 'security'),
  spec: fc.record({
    selector: fc.oneof({ weight: 2, arbitrary: selector }, fc.constant('all()')),
    types: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
    ingress: fc.array(rule('ingress'), { maxLength: 3 }),
    egress: fc.array(rule('egress'), { maxLength: 3 }),
  }),
  // 1000 is that of the policies of Kubernetes.
  order: fc.constantFrom(undefined, 10, 20, 1000, 2000),
});

const tier = fc.constantFrom({ order: 10 }, { order: 10, defaultAction: 'Pass' }, undefined);

const SET = { labels: { net: 'set', app: 'x' }, nets: ['203.0.113.0/24', '198.51.100.9'] };

const networkSets: fc.Arbitrary<readonly Manifest[]> = fc.subarray<Manifest>([
  {
    apiVersion: API,
    kind: 'GlobalNetworkSet',
    metadata: { name: 'everywhere', labels: SET.labels },
    spec: { nets: SET.nets },
  },
  {
    apiVersion: API,
    kind: 'NetworkSet',
    metadata: { name: 'own', namespace: 'a', labels: SET.labels },
    spec: { nets: SET.nets },
  },
]);

export const calicoPolicies: fc.Arbitrary<readonly Manifest[]> = fc
  .tuple(fc.array(draft, { minLength: 1, maxLength: 4 }), tier, networkSets)
  .map(([drafts, security, sets]) => [
    ...(security === undefined
      ? []
      : [{ apiVersion: API, kind: 'Tier', metadata: { name: 'security' }, spec: security }]),
    ...sets,
    ...drafts.map(({ isGlobal, namespace: own, tier: name, spec, order }, at) => ({
      apiVersion: API,
      kind: isGlobal ? 'GlobalNetworkPolicy' : 'NetworkPolicy',
      metadata: { name: `${name}.k${at}`, ...(isGlobal ? {} : { namespace: own }) },
      spec: { ...spec, tier: name, ...(order === undefined ? {} : { order }) },
    })),
  ]);
