import type { Manifest } from '../../server/core/manifest.ts';
import type { CaseCluster } from '../../server/policy/cases/case-file.ts';
import { calicoCluster } from './calico-cluster.ts';

/** Two pods; what policies are asked is whether web may reach db. */
export const SHOP: CaseCluster = {
  pods: [
    { namespace: 'shop', name: 'web', labels: { app: 'web' }, ips: ['10.0.0.1'] },
    { namespace: 'shop', name: 'db', labels: { app: 'db' }, ips: ['10.0.0.2'] },
  ],
};

type Spec = {
  readonly tier?: string;
  readonly order?: number;
  readonly ingress?: readonly object[];
  readonly selector?: string;
};

export const calico = (name: string, spec: Spec, kind = 'GlobalNetworkPolicy'): Manifest => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata: { name, namespace: 'shop' },
  spec: { selector: "app == 'db'", ...spec },
});
export const tier = (name: string, spec: object): Manifest => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'Tier',
  metadata: { name },
  spec,
});
export const kubernetes = (name: string, ingress: readonly object[]): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec: { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'], ingress },
});
export const admin = (
  tierName: 'Admin' | 'Baseline',
  name: string,
  priority: number,
  action: string,
): Manifest => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: { name },
  spec: {
    tier: tierName,
    priority,
    subject: { namespaces: {} },
    ingress: [{ action, from: [{ namespaces: {} }] }],
  },
});

/** Verdict, reason and tier at db. */
export function decided(policies: readonly Manifest[]): string {
  const { ask } = calicoCluster(SHOP, policies);
  const end = ask({ src: 'shop/web', dst: 'shop/db', port: 5432 }).ingress;
  return `${end?.verdict} ${end?.reason} ${end?.stage}`.trimEnd();
}
