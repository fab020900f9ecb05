import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../server/core/manifest.ts';
import { adminDialect } from '../../../server/policy/dialects/admin.ts';
import { compiledOf, faultsOf } from './policy-manifest.ts';

const GROUP = 'policy.networking.k8s.io';

const old = (spec: object): Manifest => ({
  apiVersion: `${GROUP}/v1alpha1`,
  kind: 'AdminNetworkPolicy',
  metadata: { name: 'guard' },
  spec: { priority: 10, subject: { namespaces: {} }, ...spec },
});
const baseline = (name: string, spec: object = {}): Manifest => ({
  apiVersion: `${GROUP}/v1alpha1`,
  kind: 'BaselineAdminNetworkPolicy',
  metadata: { name },
  spec: { subject: { namespaces: {} }, ...spec },
});
const cluster = (spec: object): Manifest => ({
  apiVersion: `${GROUP}/v1alpha2`,
  kind: 'ClusterNetworkPolicy',
  metadata: { name: 'guard' },
  spec: { tier: 'Admin', priority: 10, subject: { namespaces: {} }, ...spec },
});
const egress = (rule: object): Manifest =>
  cluster({ egress: [{ action: 'Accept', to: [{ namespaces: {} }], ...rule }] });

describe('an admin policy that a cluster refuses is refused with the place and the reason', () => {
  test.each<[string, Manifest, string]>([
    ['a priority of 1001', cluster({ priority: 1001 }), 'spec.priority: must be from 0 to 1000'],
    ['no priority', old({ priority: undefined }), 'spec.priority: must be given'],
    ['no tier', cluster({ tier: undefined }), 'spec.tier: must be given'],
    ['another tier', cluster({ tier: 'Default' }), 'spec.tier: must be one of Admin, Baseline'],
    ['no subject', old({ subject: {} }), 'spec.subject: must have exactly one of'],
    [
      'two subjects',
      old({ subject: { namespaces: {}, pods: { namespaceSelector: {}, podSelector: {} } } }),
      'spec.subject: must have exactly one of',
    ],
    ['Allow in v1alpha2', egress({ action: 'Allow' }), 'spec.egress[0].action: must be one of'],
    [
      'Accept in v1alpha1',
      old({ egress: [{ action: 'Accept', to: [{ namespaces: {} }] }] }),
      'spec.egress[0].action: must be one of Allow, Deny, Pass',
    ],
    [
      'Pass in the baseline',
      baseline('default', { egress: [{ action: 'Pass', to: [{ namespaces: {} }] }] }),
      'spec.egress[0].action: must be one of Allow, Deny',
    ],
    ['a second baseline', baseline('other'), 'metadata.name: must be default'],
    ['no peers', egress({ to: [] }), 'spec.egress[0].to: must have at least one entry'],
    ['an empty peer', egress({ to: [{}] }), 'spec.egress[0].to[0]: must have exactly one of'],
    [
      'two kinds in one peer',
      egress({ to: [{ namespaces: {}, nodes: {} }] }),
      'spec.egress[0].to[0]: must have exactly one of',
    ],
    [
      'no block',
      egress({ to: [{ networks: ['10.0.0.1'] }] }),
      'spec.egress[0].to[0].networks[0]: must be a block',
    ],
    [
      '26 blocks',
      egress({ to: [{ networks: Array(26).fill('10.0.0.0/8') }] }),
      'spec.egress[0].to[0].networks: must have at most 25 entries',
    ],
    [
      'a star inside a name',
      egress({ to: [{ domainNames: ['a.*.io'] }] }),
      'spec.egress[0].to[0].domainNames[0]: must be a domain name',
    ],
    [
      'two protocols in one entry',
      egress({ protocols: [{ tcp: {}, udp: {} }] }),
      'spec.egress[0].protocols[0]: must have exactly one of',
    ],
    [
      'a range that ends before it begins',
      egress({ protocols: [{ tcp: { destinationPort: { range: { start: 9, end: 8 } } } }] }),
      'spec.egress[0].protocols[0].tcp.destinationPort.range: must have a start below its end',
    ],
    [
      'a named port of a network',
      egress({ to: [{ networks: ['::/0'] }], protocols: [{ destinationNamedPort: 'dns' }] }),
      'spec.egress[0].protocols: must not name ports',
    ],
    [
      '26 rules',
      cluster({ ingress: Array(26).fill({ action: 'Deny', from: [{ namespaces: {} }] }) }),
      'spec.ingress: must have at most 25 rules',
    ],
    [
      'another version',
      { ...cluster({}), apiVersion: `${GROUP}/v1alpha1` },
      'apiVersion: must be policy.networking.k8s.io/v1alpha2 or v1beta1',
    ],
  ])('%s', (_, manifest, message) => {
    expect(faultsOf(adminDialect, manifest).join('\n')).toContain(message);
  });
});

describe('an admin policy', () => {
  test('says nothing about a way that it has no rule for', () => {
    expect([...compiledOf(adminDialect, egress({})).ways]).toEqual(['egress']);
  });

  test('isolates nothing', () => {
    expect([...compiledOf(adminDialect, egress({})).isolates]).toEqual([]);
  });

  test('is left open by a peer of a kind that is not known, since that must fail closed', () => {
    const policy = compiledOf(adminDialect, egress({ to: [{ galaxies: {} }] }));
    expect(policy.notUnderstood.map(({ path }) => path.at(-1))).toEqual(['galaxies']);
    expect(policy.rules.egress[0]?.clauses[0]?.options[0]?.predicates).toHaveLength(1);
  });
});
