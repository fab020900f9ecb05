import { expect, test } from 'vitest';
import { pathText, type Manifest } from '../../../server/core/manifest.ts';
import { shadowedRules } from '../../../server/operations/policies/shadowed-rules.ts';
import { compilePolicies } from '../../../server/policy/policy-set.ts';
import { DIALECTS } from '../../../server/policy/registry.ts';

/** Paths of the rules that change nothing. */
function shadowed(apiVersion: string, kind: string, spec: object): readonly string[] {
  const manifest: Manifest = { apiVersion, kind, metadata: { name: 'x', namespace: 'shop' }, spec };
  const { policies, refused } = compilePolicies([manifest], Object.values(DIALECTS));
  expect(refused).toEqual([]);
  return policies.flatMap(shadowedRules).map(({ path }) => pathText(path));
}

const calico = (...ingress: readonly object[]): readonly string[] =>
  shadowed('projectcalico.org/v3', 'NetworkPolicy', { selector: 'all()', ingress });

test('a Calico rule behind one that demands less is never reached, whatever that one does', () => {
  const web = { source: { selector: "app == 'web'" } };
  const to80 = { protocol: 'TCP', destination: { ports: [80] } };
  expect(calico({ action: 'Deny', ...web }, { action: 'Allow', ...web, ...to80 })).toEqual([
    'spec.ingress[1]',
  ]);
  expect(calico({ action: 'Pass' }, { action: 'Allow', ...web })).toEqual(['spec.ingress[1]']);
  expect(calico({ action: 'Log' }, { action: 'Allow', ...web })).toEqual([]);
  expect(calico({ action: 'Allow', ...web, ...to80 }, { action: 'Deny', ...web })).toEqual([]);
});

test('a namespace selector widens what a Calico selector means, so that proves nothing', () => {
  const selector = "app == 'web'";
  expect(
    calico(
      { action: 'Allow', source: { selector } },
      { action: 'Deny', source: { selector, namespaceSelector: 'all()' } },
    ),
  ).toEqual([]);
});

const cilium = (spec: object): readonly string[] =>
  shadowed('cilium.io/v2', 'CiliumNetworkPolicy', { endpointSelector: {}, ...spec });
const WEB = { fromEndpoints: [{ matchLabels: { app: 'web' } }] };
const PORT_80 = { toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }] }] };

test('what Cilium allows adds nothing where a denial of the same policy names it', () => {
  const rules = { ingress: [{ ...WEB, ...PORT_80 }] };
  expect(cilium({ ...rules, ingressDeny: [WEB] })).toEqual(['spec.ingress[0]']);
  expect(cilium({ ...rules, ingressDeny: [{ ...WEB, ...PORT_80 }] })).toEqual(['spec.ingress[0]']);
});

test('a denial of other peers, or of some ports only, leaves a Cilium rule its part', () => {
  expect(cilium({ ingress: [WEB], ingressDeny: [{ ...WEB, ...PORT_80 }] })).toEqual([]);
  expect(cilium({ ingress: [WEB], ingressDeny: [{ fromEntities: ['world'] }] })).toEqual([]);
  expect(cilium({ ingress: [WEB, WEB] })).toEqual(['spec.ingress[1]']);
});
