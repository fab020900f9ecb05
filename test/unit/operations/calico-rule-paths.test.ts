import { expect, test } from 'vitest';
import { pathText, type Manifest } from '../../../server/core/manifest.ts';
import { calicoRulePaths } from '../../../server/operations/policies/calico-rule-paths.ts';
import { networkPolicy } from '../../support/objects.ts';

const paths = (manifest: Manifest, way: 'ingress' | 'egress', kind = manifest.kind) =>
  calicoRulePaths({ kind }, manifest, way)?.map(pathText);

test('of a policy of Kubernetes, Calico makes a rule for each protocol and peer', () => {
  const pod = (app: string) => ({ podSelector: { matchLabels: { app } } });
  const policy = networkPolicy('web', {
    ingress: [
      // Two protocols, the one that is not written being TCP, for two peers each.
      {
        from: [pod('a'), pod('b')],
        ports: [{ protocol: 'UDP', port: 53 }, { port: 53 }, { protocol: 'TCP', port: 80 }],
      },
      {},
      { from: [pod('c')] },
    ],
    egress: [{ to: [], ports: [{ protocol: 'SCTP' }] }],
  });
  expect(paths(policy, 'ingress')).toEqual([
    ...Array.from({ length: 4 }, () => 'spec.ingress[0]'),
    'spec.ingress[1]',
    'spec.ingress[2]',
  ]);
  expect(paths(policy, 'egress')).toEqual(['spec.egress[0]']);
});

test("rules of Calico's own policies keep their places, Log rules too", () => {
  const policy: Manifest = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'default.x' },
    spec: { ingress: [{ action: 'Log' }, { action: 'Deny' }] },
  };
  expect(paths(policy, 'ingress')).toEqual(['spec.ingress[0]', 'spec.ingress[1]']);
  expect(paths(policy, 'egress')).toEqual([]);
});

test('what Calico makes of an admin policy is not documented, so no rule is told', () => {
  expect(paths(networkPolicy('x'), 'ingress', 'ClusterNetworkPolicy')).toBeUndefined();
});
