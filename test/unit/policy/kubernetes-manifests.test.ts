import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../server/core/manifest.ts';
import { adminDialect } from '../../../server/policy/dialects/admin.ts';
import { kubernetesDialect } from '../../../server/policy/dialects/kubernetes.ts';
import { kindOf } from '../../../server/policy/policy-set.ts';
import { sampleNames, samplePath } from '../../support/samples.ts';
import { compiledOf, faultsOf, manifestsOf } from './policy-manifest.ts';

const policy = (spec: unknown): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'web', namespace: 'shop' },
  spec,
});
const withPort = (port: unknown): Manifest => policy({ ingress: [{ ports: [port] }] });
const withPeer = (peer: unknown): Manifest => policy({ ingress: [{ from: [peer] }] });

const PORT = 'spec.ingress[0].ports[0]';
const PEER = 'spec.ingress[0].from[0]';

describe('a NetworkPolicy that a cluster refuses is refused with the place and the reason', () => {
  test.each<[string, Manifest, string]>([
    ['a peer without a field', withPeer({}), `${PEER}: must have a podSelector`],
    ['null selectors', withPeer({ podSelector: null }), `${PEER}: must have a podSelector`],
    [
      'a block with a selector',
      withPeer({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }),
      `${PEER}: must not have an ipBlock and a selector`,
    ],
    ['no block', withPeer({ ipBlock: {} }), `${PEER}.ipBlock.cidr: must be given`],
    [
      'an address without a length',
      withPeer({ ipBlock: { cidr: '10.0.0.1' } }),
      `${PEER}.ipBlock.cidr: must be a block`,
    ],
    [
      'an exception outside its block',
      withPeer({ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }),
      `${PEER}.ipBlock.except[0]: must be a part of 10.0.0.0/8`,
    ],
    [
      'an exception as large as its block',
      withPeer({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }),
      `${PEER}.ipBlock.except[0]: must be a part of 10.0.0.0/8`,
    ],
    [
      'an exception of the other family',
      withPeer({ ipBlock: { cidr: '10.0.0.0/8', except: ['fd00::/64'] } }),
      `${PEER}.ipBlock.except[0]: must be a part of 10.0.0.0/8`,
    ],
    ['a port of 0', withPort({ port: 0 }), `${PORT}.port: must be from 1 to 65535`],
    ['a port of 65536', withPort({ port: 65_536 }), `${PORT}.port: must be from 1 to 65535`],
    ['half a port', withPort({ port: 80.5 }), `${PORT}.port: must be a whole number`],
    ['a number in quotes', withPort({ port: '80' }), `${PORT}.port: "80" is a number in quotes`],
    ['a long name', withPort({ port: 'a-name-of-16-xyz' }), `${PORT}.port: "a-name-of-16-xyz"`],
    ['endPort alone', withPort({ endPort: 90 }), `${PORT}.endPort: must not be given without port`],
    [
      'endPort with a name',
      withPort({ port: 'http', endPort: 90 }),
      `${PORT}.endPort: must not be given where port is a name`,
    ],
    [
      'endPort below port',
      withPort({ port: 90, endPort: 80 }),
      `${PORT}.endPort: must not be below port`,
    ],
    ['a lower-case protocol', withPort({ protocol: 'tcp' }), `${PORT}.protocol: must be one of`],
    ['ICMP', withPort({ protocol: 'ICMP' }), `${PORT}.protocol: must be one of TCP, UDP, SCTP`],
    ['a type in lower case', policy({ policyTypes: ['ingress'] }), 'spec.policyTypes[0]: must be'],
    [
      'three types',
      policy({ policyTypes: ['Ingress', 'Egress', 'Ingress'] }),
      'spec.policyTypes: must not name more than two types',
    ],
    [
      'a number as a label',
      policy({ podSelector: { matchLabels: { tier: 1 } } }),
      'spec.podSelector.matchLabels.tier: must be text, and is 1',
    ],
    [
      'a label of 64 characters',
      policy({ podSelector: { matchLabels: { tier: 'a'.repeat(64) } } }),
      'spec.podSelector.matchLabels.tier: the value',
    ],
    [
      'a key with two slashes',
      policy({ podSelector: { matchLabels: { 'a/b/c': 'd' } } }),
      'spec.podSelector.matchLabels.a/b/c: the key',
    ],
    [
      'In without values',
      policy({ podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      'spec.podSelector.matchExpressions[0].values: must be given for In',
    ],
    [
      'Exists with values',
      policy({
        podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] },
      }),
      'spec.podSelector.matchExpressions[0].values: must not be given for Exists',
    ],
    [
      'an operator that is none',
      policy({ podSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } }),
      'spec.podSelector.matchExpressions[0].operator: must be one of',
    ],
    ['rules that are no list', policy({ ingress: { from: [] } }), 'spec.ingress: must be a list'],
    ['a text as spec', policy('all'), 'spec: must be an object'],
  ])('%s', (_, manifest, message) => {
    expect(faultsOf(kubernetesDialect, manifest).join('\n')).toContain(message);
  });

  test.each([
    ['keys of the prototype', { podSelector: { matchLabels: { ['__proto__']: 'x' } } }],
    ['a list of a million nulls as selectors', { ingress: [{ from: Array(100_000).fill(null) }] }],
    ['lists in lists', { ingress: [[[[]]]], egress: [[]] }],
  ])('%s end in faults, of which fifty are told', (_, spec) => {
    const parsed = JSON.parse(JSON.stringify(spec)) as unknown;
    const faults = faultsOf(kubernetesDialect, policy(parsed));
    expect(faults.length).toBeLessThanOrEqual(50);
  });
});

describe('what a NetworkPolicy leaves out has its default', () => {
  test.each<[string, unknown, readonly string[]]>([
    ['no types and no egress', {}, ['ingress']],
    ['no types and an empty egress', { egress: [] }, ['ingress']],
    ['no types and an egress rule', { egress: [{}] }, ['ingress', 'egress']],
    ['egress alone', { policyTypes: ['Egress'], ingress: [{}] }, ['egress']],
  ])('%s', (_, spec, ways) => {
    expect([...compiledOf(kubernetesDialect, policy(spec)).ways]).toEqual(ways);
  });

  test('a field that is not known leaves its rule open, and is named', () => {
    const { rules, notUnderstood } = compiledOf(
      kubernetesDialect,
      policy({ ingress: [{ from: [{ podSelector: {} }], when: 'noon' }] }),
    );
    expect(notUnderstood.map(({ path }) => path)).toEqual([['spec', 'ingress', 0, 'when']]);
    expect(rules.ingress[0]?.clauses.map(({ kind }) => kind)).toEqual(['peer', 'condition']);
  });

  test('one of another version is refused', () => {
    const old = { ...policy({}), apiVersion: 'networking.k8s.io/v1beta1' };
    expect(faultsOf(kubernetesDialect, old)[0]).toContain('apiVersion: must be');
  });
});

/** Rules by way, as they are read; a cluster takes each of these. */
const SAMPLES: Readonly<Record<string, readonly (readonly [ingress: number, egress: number])[]>> = {
  'calico-cluster-network-policy-deny': [[1, 0]],
  'k8s-cluster-network-policy-egress-tcp': [[0, 7]],
  'k8s-end-port': [[1, 0]],
  'k8s-ipblock-except': [[1, 0]],
  'k8s-match-expressions': [[1, 0]],
  'k8s-named-ports': [[1, 0]],
  // prettier-ignore
  'k8s-online-boutique': [
    [1, 8], [1, 0], [1, 7], [2, 0], [2, 0], [1, 0], [0, 2], [1, 0], [3, 0], [1, 2], [2, 0],
  ],
  'k8s-recipe-all-namespaces': [[1, 0]],
  'k8s-recipe-default-deny-ns': [[0, 0]],
  'k8s-recipe-deny-all-to-app': [[0, 0]],
  'k8s-recipe-deny-external-egress': [[0, 1]],
  'k8s-recipe-external': [[1, 0]],
  'k8s-recipe-from-namespace': [[1, 0]],
  'k8s-recipe-multiple-selectors': [[1, 0]],
  'k8s-yaml-list': [
    [1, 1],
    [1, 0],
    [1, 0],
  ],
};

describe('sample manifests', () => {
  const dialects = [kubernetesDialect, adminDialect];
  const files = sampleNames('policies').filter((name) => name.endsWith('.yaml'));
  const found = files.flatMap((name) => {
    const policies = manifestsOf(readFileSync(samplePath(name), 'utf8')).flatMap((manifest) => {
      const dialect = dialects.find(({ kinds }) => kinds.includes(kindOf(manifest)));
      return dialect === undefined ? [] : [{ dialect, manifest }];
    });
    const short = name.replace('policies/', '').replace('.yaml', '');
    return policies.length === 0 ? [] : [{ short, policies }];
  });

  test('are all in the table', () => {
    expect(found.map(({ short }) => short).toSorted()).toEqual(Object.keys(SAMPLES));
  });

  test.each(found)('$short', ({ short, policies }) => {
    expect(policies.flatMap(({ dialect, manifest }) => faultsOf(dialect, manifest))).toEqual([]);
    const read = policies.map(({ dialect, manifest }) => compiledOf(dialect, manifest));
    expect(read.map(({ rules }) => [rules.ingress.length, rules.egress.length])).toEqual(
      SAMPLES[short],
    );
    expect(read.flatMap(({ notUnderstood }) => notUnderstood)).toEqual([]);
  });
});
