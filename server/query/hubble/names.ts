/** Types of events as the command line names them, and what they are here. */
export const EVENT_TYPES = [
  { name: 'drop', type: 1, event: 'drop' },
  { name: 'debug', type: 2, event: undefined },
  { name: 'capture', type: 3, event: 'capture' },
  { name: 'trace', type: 4, event: 'trace' },
  { name: 'policy-verdict', type: 5, event: 'policy-verdict' },
  { name: 'recorder', type: 6, event: undefined },
  { name: 'trace-sock', type: 7, event: 'socket' },
  { name: 'l7', type: 129, event: 'l7' },
  { name: 'agent', type: 130, event: undefined },
] as const;

/** Sub types of `trace` by name. */
export const TRACE_POINTS: Readonly<Record<string, number>> = {
  'to-endpoint': 0,
  'to-proxy': 1,
  'to-host': 2,
  'to-stack': 3,
  'to-overlay': 4,
  'from-endpoint': 5,
  'from-proxy': 6,
  'from-host': 7,
  'from-stack': 8,
  'from-overlay': 9,
  'from-network': 10,
  'to-network': 11,
  'from-crypto': 12,
  'to-crypto': 13,
};

/** Numbers of the reserved identities by name. */
export const RESERVED_IDENTITIES: Readonly<Record<string, number>> = {
  host: 1,
  world: 2,
  unmanaged: 3,
  health: 4,
  init: 5,
  'remote-node': 6,
  'kube-apiserver': 7,
  ingress: 8,
  'world-ipv4': 9,
  'world-ipv6': 10,
  'encrypted-overlay': 11,
};

/** Methods that are no type of DNS and no key of Kafka, which share the field. */
export const HTTP_METHODS: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH'.split(' '),
);

export const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'NS'] as const;

/** Why fields of ours that come close to Hubble's are not the same. */
export const NEAR_WORKLOAD =
  'wl: also finds ends whose workload another record told, and keeps no kind';
export const NEAR_CLUSTER =
  'cluster: also reads the label of records that name no cluster (Cilium before 1.16)';

/** The value of a key that the record itself has; names such as `constructor` are typed by people too. */
export const own = <V>(record: Readonly<Record<string, V>>, key: string): V | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;
