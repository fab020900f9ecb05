import type { CaseCluster } from '../../server/policy/cases/case-file.ts';
import { calicoCluster, type AskedProbe } from './calico-cluster.ts';

/** Two namespaces in which pods have the same labels, a service and service accounts. */
export const TWO_NAMESPACES: CaseCluster = {
  namespaces: [
    { name: 'prod', labels: { env: 'prod' } },
    { name: 'dev', labels: { env: 'dev' } },
  ],
  serviceAccounts: [
    { namespace: 'prod', name: 'api', labels: { role: 'api' } },
    { namespace: 'dev', name: 'api', labels: { role: 'api' } },
  ],
  pods: [
    {
      namespace: 'prod',
      name: 'db',
      labels: { app: 'db' },
      ips: ['10.1.0.3', 'fd00::3'],
      ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    },
    {
      namespace: 'prod',
      name: 'api',
      labels: { app: 'api' },
      ips: ['10.1.0.2', 'fd00::2'],
      serviceAccount: 'api',
    },
    { namespace: 'prod', name: 'web', labels: { app: 'web' }, ips: ['10.1.0.4'] },
    {
      namespace: 'dev',
      name: 'api',
      labels: { app: 'api' },
      ips: ['10.2.0.2'],
      serviceAccount: 'api',
    },
  ],
  services: [
    {
      namespace: 'prod',
      name: 'db',
      clusterIPs: ['10.96.0.1'],
      selector: { app: 'db' },
      ports: [{ port: 80, targetPort: 'sql', protocol: 'TCP' }],
    },
  ],
};

/** What one rule says of connections to prod/db; what it does not admit is denied. */
export function admitted(kind: 'NetworkPolicy' | 'GlobalNetworkPolicy', rule: string, more = '') {
  const { ask } = calicoCluster(
    TWO_NAMESPACES,
    `apiVersion: projectcalico.org/v3
kind: ${kind}
metadata: { name: p, namespace: prod }
spec:
  selector: app == 'db'
  ingress: [{ action: Allow, ${rule} }]
${more}`,
  );
  return (probe: Partial<AskedProbe> = {}): string =>
    ask({ src: 'prod/api', dst: 'prod/db', port: 5432, ...probe }).verdict;
}

export const outside: Partial<AskedProbe> = { src: { ip: '203.0.113.9' } };
export const devApi: Partial<AskedProbe> = { src: 'dev/api' };
export const web: Partial<AskedProbe> = { src: 'prod/web' };
export const ipv6: Partial<AskedProbe> = { ipFamily: 6 };
export const gone: Partial<AskedProbe> = { src: { ip: '10.1.0.77', unresolved: true } };
export const udp: Partial<AskedProbe> = { protocol: 'UDP' };
export const ping: Partial<AskedProbe> = { protocol: 'ICMP', port: undefined };
