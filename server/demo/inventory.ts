/** A workload of the demo clusters, before it has pods. */
export type WorkloadSpec = {
  readonly namespace: string;
  readonly name: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'CronJob';
  readonly replicas: number;
  /** Pod labels besides `app`. */
  readonly labels: Readonly<Record<string, string>>;
};

const workloads = (
  namespace: string,
  rows: readonly (readonly [string, WorkloadSpec['kind'], number, Record<string, string>?])[],
): readonly WorkloadSpec[] =>
  rows.map(([name, kind, replicas, labels = {}]) => ({ namespace, name, kind, replicas, labels }));

const tier = (name: string): Record<string, string> => ({ tier: name });
const PCI = { 'pci-dss': 'true' };

/** Labels that the namespaces carry besides their name. */
export const NAMESPACE_LABELS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shop: { env: 'prod', team: 'storefront' },
  orders: { env: 'prod', team: 'orders' },
  payment: { env: 'prod', team: 'payments', 'pci-dss': 'true' },
  auth: { env: 'prod', team: 'identity' },
  batch: { env: 'prod', team: 'platform' },
  staging: { env: 'staging', team: 'storefront' },
  monitoring: { team: 'platform' },
  'ingress-nginx': { team: 'platform' },
  'kube-system': {},
  legacy: { env: 'prod', team: 'crm' },
  data: { env: 'prod', team: 'analytics' },
  dev: { env: 'dev' },
};

/** Cluster `demo-east`, on Cilium. */
export const EAST: readonly WorkloadSpec[] = [
  ...workloads('shop', [
    ['frontend', 'Deployment', 3, tier('web')],
    ['checkout', 'Deployment', 2, tier('app')],
    ['cart', 'Deployment', 2, tier('app')],
    ['catalog', 'Deployment', 2, tier('app')],
    ['recommendations', 'Deployment', 1, tier('app')],
    ['ads', 'Deployment', 1, tier('app')],
    ['payments', 'Deployment', 1, tier('app')],
    ['redis', 'StatefulSet', 1, tier('data')],
    ['postgres', 'StatefulSet', 1, tier('data')],
  ]),
  ...workloads('orders', [
    ['api', 'Deployment', 2],
    ['worker', 'Deployment', 2],
    ['inventory', 'Deployment', 2],
    ['notifier', 'Deployment', 1],
    ['reports', 'Deployment', 1],
    ['kafka', 'StatefulSet', 3],
    ['orders-db', 'StatefulSet', 1],
  ]),
  ...workloads('payment', [
    ['gateway', 'Deployment', 2, PCI],
    ['vault', 'StatefulSet', 1, PCI],
    ['ledger', 'Deployment', 2, PCI],
    ['ledger-db', 'StatefulSet', 1, PCI],
  ]),
  ...workloads('auth', [
    ['login', 'Deployment', 2],
    ['tokens', 'Deployment', 2],
    ['users-db', 'StatefulSet', 1],
  ]),
  ...workloads('batch', [
    ['nightly-report', 'CronJob', 1],
    ['image-resize', 'CronJob', 1],
    ['data-export', 'CronJob', 1],
    ['cleanup', 'CronJob', 1],
  ]),
  ...workloads('staging', [
    ['web', 'Deployment', 1],
    ['api', 'Deployment', 1],
    ['worker', 'Deployment', 1],
    ['db', 'StatefulSet', 1],
  ]),
  ...workloads('monitoring', [
    ['prometheus', 'StatefulSet', 1],
    ['grafana', 'Deployment', 1],
    ['alertmanager', 'StatefulSet', 1],
    ['kube-state-metrics', 'Deployment', 1],
    ['node-exporter', 'DaemonSet', 4],
  ]),
  ...workloads('ingress-nginx', [
    ['controller', 'Deployment', 2],
    ['default-backend', 'Deployment', 1],
  ]),
  ...workloads('kube-system', [
    ['coredns', 'Deployment', 2, { 'k8s-app': 'kube-dns' }],
    ['hubble-relay', 'Deployment', 1, { 'k8s-app': 'hubble-relay' }],
    ['hubble-ui', 'Deployment', 1, { 'k8s-app': 'hubble-ui' }],
    ['metrics-server', 'Deployment', 1, { 'k8s-app': 'metrics-server' }],
  ]),
];

/** Cluster `demo-west`, on Calico. */
export const WEST: readonly WorkloadSpec[] = [
  ...workloads('legacy', [
    ['crm-web', 'Deployment', 2],
    ['crm-app', 'Deployment', 2],
    ['crm-db', 'StatefulSet', 1],
    ['soap-bridge', 'Deployment', 1],
    ['ftp-gateway', 'Deployment', 1],
    ['mainframe-proxy', 'Deployment', 1],
  ]),
  ...workloads('data', [
    ['etl', 'Deployment', 2],
    ['warehouse', 'StatefulSet', 1],
    ['query-api', 'Deployment', 2],
    ['bi-dashboard', 'Deployment', 1],
    ['stream-processor', 'Deployment', 2],
    ['object-store', 'StatefulSet', 1],
  ]),
  ...workloads('dev', [
    ['sandbox-web', 'Deployment', 1],
    ['sandbox-api', 'Deployment', 1],
    ['ci-runner', 'Deployment', 2],
    ['debug-shell', 'Deployment', 1],
  ]),
  ...workloads('kube-system', [
    ['coredns', 'Deployment', 2, { 'k8s-app': 'kube-dns' }],
    ['metrics-server', 'Deployment', 1, { 'k8s-app': 'metrics-server' }],
  ]),
];
