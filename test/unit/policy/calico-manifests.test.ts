import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { pathText, type Manifest } from '../../../server/core/manifest.ts';
import type { References } from '../../../server/policy/form.ts';
import { calicoDialect } from '../../../server/policy/dialects/calico.ts';
import { kindOf } from '../../../server/policy/policy-set.ts';
import { compileCalico, manifestsOf } from '../../support/calico-cluster.ts';
import { samplePath, sampleNames } from '../../support/samples.ts';

const refusals = (text: string): readonly string[] =>
  compileCalico(manifestsOf(text)).refused.flatMap(({ faults }) =>
    faults.map(({ path, message }) => `${pathText(path)} ${message}`),
  );

/** Comments became part of the block where the page was rendered; a cluster refuses that. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'policies/calico-cluster-ips-prednat.yaml': [
    '10.20.30.40/32  Cluster IP A',
    '10.20.30.41/32  Cluster IP B',
  ].map(
    (net, at) =>
      `spec.ingress[${at}].destination.nets[0] must be a block of addresses such as 10.0.0.0/8, and is "${net}"`,
  ),
};

describe('published policies are accepted, or refused for what a cluster would refuse', () => {
  const names = sampleNames('policies').filter((name) => name.startsWith('policies/calico-'));
  test.each(names)('%s', (name) => {
    const text = readFileSync(samplePath(name), 'utf8');
    expect(refusals(text)).toEqual(REFUSED[name] ?? []);
    if (name.includes('cluster-network-policy')) return;
    const { policies, references } = compileCalico(manifestsOf(text));
    const isReferencesOnly = references.byKind.has('NetworkSet');
    if (REFUSED[name] === undefined && !isReferencesOnly)
      expect(policies.map(({ notUnderstood }) => notUnderstood)).toEqual(policies.map(() => []));
  });
});

const policy = (spec: string, kind = 'GlobalNetworkPolicy'): string =>
  `{ apiVersion: projectcalico.org/v3, kind: ${kind}, metadata: { name: p }, spec: { ${spec} } }`;
const rule = (text: string): string => policy(`ingress: [{ action: Allow, ${text} }]`);
const egress = (text: string): string => policy(`egress: [{ action: Allow, ${text} }]`);
const object = (kind: string, spec: string, metadata = 'name: p'): string =>
  `{ apiVersion: crd.projectcalico.org/v1, kind: ${kind}, metadata: { ${metadata} }, spec: { ${spec} } }`;

const hostWith = (port: string): string =>
  object('HostEndpoint', `node: n, interfaceName: eth0, ports: [${port}]`);

test.each([
  // Policies.
  [policy('selector: "a == b"'), 'spec.selector is no selector: at character 6 a text in quotes'],
  [policy('selector: global()'), 'spec.selector must not use global()'],
  [policy('selector: 5'), 'spec.selector must be text, and is 5'],
  [policy('types: [Ingress, Ingress]'), 'spec.types must not name a type twice'],
  [policy('types: [ingress]'), 'spec.types[0] must be one of Ingress, Egress, and is "ingress"'],
  [policy('order: high'), 'spec.order must be a number, and is "high"'],
  [policy('ingress: {}'), 'spec.ingress must be a list'],
  [policy('doNotTrack: true'), 'spec.applyOnForward must be true where preDNAT or doNotTrack is'],
  [
    policy('preDNAT: true, doNotTrack: true, applyOnForward: true'),
    'spec.preDNAT must not be true',
  ],
  [
    policy('preDNAT: true, applyOnForward: true, egress: [{ action: Allow }]'),
    'spec.egress must have no rules where preDNAT is true',
  ],
  [
    policy('preDNAT: true, applyOnForward: true, types: [Egress]'),
    'spec.types must not include Egress where preDNAT is true',
  ],
  [policy('preDNAT: sometimes'), 'spec.preDNAT must be true or false, and is "sometimes"'],
  [object('NetworkPolicy', '', 'name: UPPER'), 'metadata.name must be a DNS subdomain'],
  [
    policy('stagedAction: Delete, selector: all()', 'StagedGlobalNetworkPolicy'),
    'spec.selector must not be given where stagedAction is Delete',
  ],
  [
    policy('stagedAction: Drop', 'StagedNetworkPolicy'),
    'spec.stagedAction must be one of Set, Delete, Learn, Ignore, and is "Drop"',
  ],
  [
    policy('podSelector: {}, ingress: [{ from: [{}] }]', 'StagedKubernetesNetworkPolicy'),
    'spec.ingress[0].from[0]',
  ],
  // Rules.
  [policy('ingress: [{}]'), 'spec.ingress[0].action must be given'],
  [
    policy('ingress: [{ action: allow }]'),
    'spec.ingress[0].action must be one of Allow, Deny, Log',
  ],
  [rule('protocol: tcp'), 'spec.ingress[0].protocol must be one of TCP, UDP'],
  [rule('protocol: 0'), 'spec.ingress[0].protocol must be one of TCP, UDP'],
  [rule('ipVersion: 5'), 'spec.ingress[0].ipVersion must be 4 or 6, and is 5'],
  [rule('ipVersion: 6, protocol: ICMP'), 'spec.ingress[0].ipVersion must be 4, as its ICMP is'],
  [rule('icmp: { type: 8 }'), 'spec.ingress[0].icmp needs the protocol ICMP or ICMPv6'],
  [rule('protocol: ICMP, icmp: { code: 0 }'), 'spec.ingress[0].icmp.code needs a type beside it'],
  [rule('protocol: ICMP, icmp: { type: 300 }'), 'spec.ingress[0].icmp.type must be from 0 to 254'],
  [rule('destination: { ports: [80] }'), 'spec.ingress[0].destination.ports need the protocol'],
  [
    rule('protocol: ICMP, source: { notPorts: [80] }'),
    'spec.ingress[0].source.notPorts need the protocol',
  ],
  [
    rule('protocol: TCP, source: { ports: [0] }'),
    'spec.ingress[0].source.ports[0] must be ports from 1 to 65535',
  ],
  [
    rule('protocol: TCP, source: { ports: ["9:8"] }'),
    'spec.ingress[0].source.ports[0] must be ports from 1 to 65535, the lower one first',
  ],
  [
    rule('protocol: TCP, source: { ports: [{}] }'),
    'spec.ingress[0].source.ports[0] must be a number, a range such as "80:90" or a name',
  ],
  [rule('source: { nets: [10.0.0.1] }'), 'spec.ingress[0].source.nets[0] must be a block'],
  [
    rule('source: { nets: [10.0.0.0/8] }, destination: { notNets: ["fd00::/8"] }'),
    'spec.ingress[0].destination.notNets must not have blocks of both IPv4 and IPv6',
  ],
  [
    rule('ipVersion: 6, source: { nets: [10.0.0.0/8] }'),
    "spec.ingress[0].source.nets must have blocks of the rule's ipVersion 6 only",
  ],
  [rule('source: { selector: global() }'), 'spec.ingress[0].source.selector must not use global()'],
  [
    rule('source: { namespaceSelector: "global() || has(a)" }'),
    'spec.ingress[0].source.namespaceSelector must not combine global()',
  ],
  [
    rule('source: { services: { namespace: x } }'),
    'spec.ingress[0].source.services.name must be given',
  ],
  [
    rule('source: { services: { name: x } }'),
    'spec.ingress[0].source.services.namespace must be given in a global policy',
  ],
  [
    rule('source: { services: { name: x, namespace: y }, selector: all() }'),
    'spec.ingress[0].source.services must not stand beside selector',
  ],
  [
    egress('protocol: TCP, destination: { services: { name: x, namespace: y }, ports: [1] }'),
    'spec.egress[0].destination.services must not stand beside ports',
  ],
  [
    egress('source: { services: { name: x, namespace: y } }'),
    'spec.egress[0].source.services must not be in the source of an egress rule',
  ],
  [
    rule('destination: { domains: [a.b] }'),
    'spec.ingress[0].destination.domains must be in the destination of an egress rule',
  ],
  [egress('http: { methods: [GET] }'), 'spec.egress[0].http must not be in an egress rule'],
  [
    policy('ingress: [{ action: Deny, http: { methods: [GET] } }]'),
    'spec.ingress[0].http must be in a rule that allows',
  ],
  [rule('protocol: UDP, http: { methods: [GET] }'), 'spec.ingress[0].protocol must be TCP beside'],
  [
    rule('http: { methods: [GET, GET] }'),
    'spec.ingress[0].http.methods must not name a method twice',
  ],
  [
    rule('http: { paths: [{ exact: /a, prefix: /b }] }'),
    'spec.ingress[0].http.paths[0] must have one of exact and prefix',
  ],
  [rule('http: { paths: [{ exact: a }] }'), 'spec.ingress[0].http.paths[0] must begin with "/"'],
  // What policies refer to.
  [object('Tier', 'order: 5', 'name: default'), 'spec.order must be 1000000 for the tier default'],
  [object('Tier', 'order: 5', 'name: a.b'), 'metadata.name must be at most 63 characters'],
  [object('Tier', 'defaultAction: Allow'), 'spec.defaultAction must be one of Deny, Pass'],
  [object('NetworkSet', 'nets: [nowhere]'), 'spec.nets[0] must be an address or a block'],
  [
    object('GlobalNetworkSet', '', 'name: p, labels: { projectcalico.org/namespace: x }'),
    'metadata.labels.projectcalico.org/namespace is a label that Calico sets itself',
  ],
  [object('HostEndpoint', 'node: n'), 'spec.interfaceName must be given, or expectedIPs'],
  [object('HostEndpoint', 'interfaceName: eth0'), 'spec.node must be given'],
  [object('HostEndpoint', 'node: n, expectedIPs: [x]'), 'spec.expectedIPs[0] must be an address'],
  [hostWith('{ port: 80, protocol: TCP }'), 'spec.ports[0].name must be given'],
  [hostWith('{ name: "80", port: 80, protocol: TCP }'), 'spec.ports[0].name must be given, and no'],
  [
    hostWith('{ name: web, protocol: TCP }'),
    'spec.ports[0].port must be from 1 to 65535, and is 0',
  ],
  [hostWith('{ name: web, port: 70000, protocol: TCP }'), 'spec.ports[0].port must be from 1 to'],
  [hostWith('{ name: web, port: 80 }'), 'spec.ports[0].protocol must be TCP, UDP or SCTP'],
])('%s is refused with where and why', (text, message) => {
  const found = refusals(text);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(message);
});

test('all that is wrong with a policy is told at once', () => {
  const text = policy('selector: "(", order: x, ingress: [{ action: Drop }]');
  expect(refusals(text)).toHaveLength(3);
});

test('lists that are too long are refused without being read', () => {
  const long = { action: 'Allow', source: { nets: Array(1e6).fill('x') } };
  const manifest: Manifest = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'NetworkPolicy',
    metadata: { name: 'p' },
    spec: { ingress: [long] },
  };
  expect(compileCalico([manifest]).refused[0]?.faults).toEqual([
    {
      path: ['spec', 'ingress', 0, 'source', 'nets'],
      message: 'has 1000000 entries, and 256 are the most',
    },
  ]);
});

test('a field that is not known is named, and the policy still counts', () => {
  const { policies } = compileCalico(manifestsOf(rule('source: { colour: red }')));
  expect(policies[0]?.notUnderstood).toEqual([
    {
      path: ['spec', 'ingress', 0, 'source', 'colour'],
      message: 'is a field that is not known here',
    },
  ]);
});

const NO_REFERENCES: References = { byKind: new Map() };
const field = fc.constantFrom(
  ...['action', 'source', 'destination', 'protocol', 'notProtocol', 'icmp', 'notICMP', 'http'],
  ...['nets', 'selector', 'notSelector', 'namespaceSelector', 'ports', 'serviceAccounts'],
  ...['services', 'names', 'type', 'code', 'methods', 'paths', '__proto__', 'constructor'],
  ...['ingress', 'egress', 'types', 'order', 'tier', 'stagedAction', 'expectedIPs', 'node'],
);
const { evil } = fc.letrec<{ evil: unknown }>((tie) => ({
  evil: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, 0, -1, NaN, 1e300, '', 'Allow', 'TCP', '10.0.0.0/8', 'all()', '/a'),
    fc.array(tie('evil'), { maxLength: 3 }),
    fc.dictionary(field, tie('evil'), { maxKeys: 4 }),
  ),
}));

test('whatever stands in a manifest is read or refused, in 10,000 manifests', () => {
  const kinds = calicoDialect.kinds.map((kind) => kind.split('/')[1] ?? '');
  fc.assert(
    fc.property(fc.constantFrom(...kinds), evil, (kind, spec) => {
      const manifest: Manifest = {
        apiVersion: 'projectcalico.org/v3',
        kind,
        metadata: { name: 'p' },
        spec,
      };
      expect(calicoDialect.kinds).toContain(kindOf(manifest));
      const parsed = calicoDialect.parse(manifest, NO_REFERENCES);
      expect(parsed.ok || parsed.faults.length > 0).toBe(true);
    }),
    { numRuns: 10_000 },
  );
});
