/** One tier's part in a verdict, as a flow log prints it without its index: `tier|policy|action|rule`. */
type Hit = string;

/** Either end of a line. `net` and `ns` are no pods. */
export type CalicoEnd =
  | { readonly kind: 'workload'; readonly key: string }
  | { readonly kind: 'net'; readonly name: 'pub' | 'pvt'; readonly ip: string }
  | {
      readonly kind: 'networkSet';
      readonly name: string;
      readonly namespace: string;
      readonly ip: string;
      readonly labels: readonly string[];
    };

/** Who talks to whom in `demo-west`, and what each side's trace says. */
export type CalicoEdge = {
  readonly from: CalicoEnd;
  readonly to: CalicoEnd;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** New connections a second. */
  readonly rate: number;
  /** Egress trace of the source pod; absent when the source is no pod. */
  readonly egress?: readonly Hit[];
  /** Ingress trace of the destination pod. */
  readonly ingress?: readonly Hit[];
  /** What today's policies, staged ones enforced, would say at the source; as enforced when absent. */
  readonly pendingEgress?: readonly Hit[];
  readonly service?: {
    readonly name: string;
    readonly namespace: string;
    readonly port: number;
    readonly portName: string;
  };
  readonly domains?: readonly string[];
};

export const pod = (key: string): CalicoEnd => ({ kind: 'workload', key });
export const outside = (ip: string): CalicoEnd => ({ kind: 'net', name: 'pub', ip });
const intranet = (ip: string): CalicoEnd => ({ kind: 'net', name: 'pvt', ip });

export const THREAT: CalicoEnd = {
  kind: 'networkSet',
  name: 'threat-feed',
  namespace: '-',
  ip: '192.0.2.200',
  labels: ['feed=threat'],
};
const PARTNER: CalicoEnd = {
  kind: 'networkSet',
  name: 'partner-api',
  namespace: 'data',
  ip: '203.0.113.130',
  labels: ['role=partner'],
};

/** Egress passes the two upper tiers before the default tier or the profile decides. */
export const egress = (last: Hit): readonly Hit[] => [
  'security|gnp:security.block-bad-networks|pass|1',
  'platform|gnp:platform.allow-dns|pass|1',
  last,
];

export const dns: readonly Hit[] = [
  'security|gnp:security.block-bad-networks|pass|1',
  'platform|gnp:platform.allow-dns|allow|0',
];

/** Ingress of namespaces labelled env=prod meets the security tier first. */
const prodIngress = (last: Hit): readonly Hit[] => [
  'security|gnp:security.no-dev-access|pass|1',
  last,
];

export const profile = (namespace: string): Hit => `__PROFILE__|pro:kns.${namespace}|allow|0`;
const DEV_DENIED: readonly Hit[] = ['security|gnp:security.no-dev-access|deny|0'];

export const tcp = (
  from: CalicoEnd,
  to: CalicoEnd,
  port: number,
  rate: number,
  rest: Partial<CalicoEdge>,
): CalicoEdge => ({
  from,
  to,
  port,
  protocol: 'tcp',
  rate,
  ...rest,
});

const lookUp = (key: string, rate: number): CalicoEdge => ({
  from: pod(key),
  to: pod('kube-system/coredns'),
  port: 53,
  protocol: 'udp',
  rate,
  egress: dns,
  ingress: [profile('kube-system')],
  service: { name: 'kube-dns', namespace: 'kube-system', port: 53, portName: 'dns' },
});

const LEGACY: readonly CalicoEdge[] = [
  tcp(outside('198.51.100.24'), pod('legacy/crm-web'), 8443, 3, {
    ingress: prodIngress('default|knp:legacy/crm-web|allow|0'),
  }),
  tcp(pod('legacy/crm-web'), pod('legacy/crm-app'), 8080, 4, {
    egress: egress(profile('legacy')),
    ingress: prodIngress('default|knp:legacy/crm-app|allow|0'),
    service: { name: 'crm-app', namespace: 'legacy', port: 80, portName: 'http' },
  }),
  tcp(pod('legacy/crm-app'), pod('legacy/crm-db'), 3306, 3, {
    egress: egress(profile('legacy')),
    ingress: prodIngress('default|knp:legacy/crm-db|allow|0'),
    service: { name: 'crm-db', namespace: 'legacy', port: 3306, portName: 'mysql' },
  }),
  tcp(pod('legacy/soap-bridge'), pod('legacy/crm-app'), 8080, 0.5, {
    egress: egress(profile('legacy')),
    ingress: prodIngress('default|knp:legacy/crm-app|allow|1'),
  }),
  tcp(pod('legacy/mainframe-proxy'), intranet('10.200.0.5'), 3270, 0.4, {
    egress: egress(profile('legacy')),
  }),
  lookUp('legacy/crm-web', 1),
  lookUp('legacy/crm-app', 1),

  tcp(pod('legacy/soap-bridge'), pod('legacy/crm-db'), 3306, 0.15, {
    egress: egress(profile('legacy')),
    ingress: prodIngress('default|knp:legacy/crm-db|deny|-1'),
  }),
  tcp(pod('legacy/ftp-gateway'), THREAT, 21, 0.1, {
    egress: ['security|gnp:security.block-bad-networks|deny|0'],
  }),
];

const DATA: readonly CalicoEdge[] = [
  tcp(pod('data/etl'), pod('data/warehouse'), 5432, 3, {
    egress: egress('default|np:data/default.etl|allow|0'),
    ingress: prodIngress('default|np:data/default.warehouse|allow|0'),
    service: { name: 'warehouse', namespace: 'data', port: 5432, portName: 'postgres' },
  }),
  tcp(pod('data/etl'), pod('data/object-store'), 9000, 2, {
    egress: egress('default|np:data/default.etl|allow|1'),
    ingress: prodIngress('default|np:data/default.object-store|allow|0'),
    service: { name: 'object-store', namespace: 'data', port: 9000, portName: 's3' },
  }),
  tcp(pod('data/etl'), PARTNER, 443, 0.5, {
    egress: egress('default|np:data/default.etl|allow|2'),
    domains: ['partner.example.org'],
  }),
  tcp(pod('data/query-api'), pod('data/warehouse'), 5432, 5, {
    egress: egress('default|np:data/default.query-api|allow|0'),
    ingress: prodIngress('default|np:data/default.warehouse|allow|0'),
    service: { name: 'warehouse', namespace: 'data', port: 5432, portName: 'postgres' },
  }),
  tcp(pod('data/bi-dashboard'), pod('data/query-api'), 8080, 4, {
    egress: egress(profile('data')),
    ingress: prodIngress('default|np:data/default.query-api|allow|0'),
    service: { name: 'query-api', namespace: 'data', port: 80, portName: 'http' },
  }),
  tcp(outside('198.51.100.61'), pod('data/bi-dashboard'), 8080, 2, {
    ingress: prodIngress(profile('data')),
  }),
  // A staged policy forgets the object store: allowed today, denied the day it is enforced.
  tcp(pod('data/stream-processor'), pod('data/object-store'), 9000, 3, {
    egress: egress(profile('data')),
    pendingEgress: egress('default|snp:data/default.stream-egress|deny|-1'),
    ingress: prodIngress('default|np:data/default.object-store|allow|0'),
  }),
  tcp(pod('data/stream-processor'), pod('data/query-api'), 8080, 1, {
    egress: egress(profile('data')),
    pendingEgress: egress('default|snp:data/default.stream-egress|allow|0'),
    ingress: prodIngress('default|np:data/default.query-api|allow|1'),
  }),
  lookUp('data/etl', 1),
  lookUp('data/query-api', 1),

  tcp(pod('data/etl'), outside('198.51.100.77'), 443, 0.15, {
    egress: egress('default|np:data/default.etl|deny|-1'),
  }),
];

const DEV: readonly CalicoEdge[] = [
  tcp(pod('dev/sandbox-web'), pod('dev/sandbox-api'), 8080, 1, {
    egress: egress(profile('dev')),
    ingress: [profile('dev')],
  }),
  tcp(pod('dev/ci-runner'), outside('203.0.113.9'), 443, 1, {
    egress: egress(profile('dev')),
    domains: ['registry.example.com'],
  }),
  lookUp('dev/ci-runner', 1),

  tcp(pod('dev/sandbox-web'), pod('data/warehouse'), 5432, 0.12, {
    egress: egress(profile('dev')),
    ingress: DEV_DENIED,
  }),
  tcp(pod('dev/debug-shell'), pod('legacy/crm-db'), 3306, 0.08, {
    egress: egress(profile('dev')),
    ingress: DEV_DENIED,
  }),
];

/** Every edge of `demo-west`. */
export const WEST_TRAFFIC: readonly CalicoEdge[] = [...LEGACY, ...DATA, ...DEV];
