import fc from 'fast-check';
import type { Endpoint, Flow, FlowId, L7, PolicyHit } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import type { Verdict } from '../../server/core/verdict.ts';

/** The words that flows are made of; queries draw from the same ones, so that they hit. */
export const WORDS = {
  namespaces: ['shop', 'kube-system', 'default'],
  pods: ['web-0', 'web-1', 'db-0'],
  workloads: ['web', 'db'],
  clusters: ['east', 'west'],
  endNames: ['world', 'host', 'pub', 'office-net'],
  labelKeys: ['app', 'app.kubernetes.io/name', 'tier'],
  labelValues: ['web', 'redis', 'v1.2'],
  addresses: ['10.0.0.1', '10.9.0.4', '192.168.1.7', 'fd00::1', '2001:db8::7', '::ffff:10.0.0.9'],
  dnsNames: ['api.example.com', 'Example.com', 'redis.shop.svc.cluster.local'],
  services: ['shop/web', 'shop/db', 'default/kubernetes'],
  nodes: ['east/node-1', 'node-2'],
  origins: ['relay-1', 'calico-file'],
  protocols: ['tcp', 'udp', 'icmp', '132'],
  reasons: ['POLICY_DENIED', 'CT_MAP_INSERTION_FAILED', 'CALICO_DENY', '250'],
  policies: ['redis-ingress', 'allow-dns', 'a b'],
  methods: ['GET', 'POST', 'A,AAAA'],
  paths: ['/', '/api/v1', '/api/', '/a,b?c="d"', 'example.com'],
} as const;

const wordOf = (words: readonly string[]): fc.Arbitrary<string> => fc.constantFrom('', ...words);

const someOf = (words: readonly string[]): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...words), { maxLength: 2 });

const anyLabel = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('k8s:', '', 'any:'),
      fc.constantFrom(...WORDS.labelKeys),
      wordOf(WORDS.labelValues),
    )
    .map(([prefix, key, value]) => `${prefix}${key}=${value}`),
  fc.constantFrom('reserved:world', 'reserved:host', 'reserved:remote-node'),
);

/** Few distinct ones, and each an object of its own, as records that were not interned would give. */
const anyEndpoint: fc.Arbitrary<Endpoint> = fc.record({
  kind: fc.constantFrom('workload', 'host', 'networkSet', 'network', 'unknown'),
  cluster: wordOf(WORDS.clusters),
  namespace: wordOf(WORDS.namespaces),
  pod: wordOf(WORDS.pods),
  workload: wordOf(WORDS.workloads),
  workloadKind: fc.constantFrom('', 'Deployment', 'StatefulSet'),
  name: wordOf(WORDS.endNames),
  identity: fc.constantFrom(0, 1, 2, 1000, 2 ** 24 + 1),
  labels: fc.uniqueArray(anyLabel, { maxLength: 3 }),
});

const anyHit: fc.Arbitrary<PolicyHit> = fc.record({
  policy: fc.record({
    kind: fc.constantFrom('NetworkPolicy', 'CiliumNetworkPolicy', 'GlobalNetworkPolicy'),
    namespace: wordOf(WORDS.namespaces),
    name: fc.constantFrom(...WORDS.policies),
    tier: fc.constantFrom('', 'default', 'platform'),
  }),
  direction: fc.constantFrom('ingress', 'egress', 'unknown'),
  action: fc.constantFrom('allow', 'deny', 'pass', 'unknown'),
  stage: fc.constantFrom('enforced', 'pending', 'transit'),
  matched: fc.constantFrom('rule', 'policy', 'end-of-tier', 'profile'),
  rule: fc.constantFrom(-1, 0, 1, 7),
});

const anyVerdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.constant<Verdict>({ kind: 'allowed' }),
  fc.constantFrom(...WORDS.reasons).map((reason): Verdict => ({ kind: 'dropped', reason })),
  fc.constantFrom<Verdict[]>({ kind: 'audit' }, { kind: 'error' }),
  fc.constantFrom('', 'TRACED', '15').map((wire): Verdict => ({ kind: 'unknown', wire })),
);

const anyL7: fc.Arbitrary<L7 | undefined> = fc.option(
  fc.record({
    protocol: fc.constantFrom('http', 'dns', 'kafka'),
    type: fc.constantFrom('request', 'response', 'sample', 'unknown'),
    method: wordOf(WORDS.methods),
    path: wordOf(WORDS.paths),
    status: fc.constantFrom(-1, 0, 200, 503),
  }),
  { nil: undefined },
);

const anyPort = fc.constantFrom(-1, 0, 53, 80, 443, 6379, 65_535);
/** 2^40 does not fit 32 bits; -1 is a source that does not count. */
const anyCount = fc.constantFrom(-1, 0, 1, 1000, 2 ** 40);

/** The first of February 2026 and the ten seconds after it, to the nanosecond. */
const anyTime = fc
  .bigInt({ min: 0n, max: 10_000_000_000n })
  .map((offset) => nanos(1_769_904_000_000_000_000n + offset));

const anyRaw: fc.Arbitrary<Flow['raw']> = fc.record({
  format: fc.constantFrom('hubble-protobuf', 'hubble-json', 'calico-json'),
  bytes: fc.uint8Array({ maxLength: 24 }).map((bytes) => new Uint8Array(bytes)),
});

/** Flows of small alphabets: every kind of verdict, both address families, labels, hits, and much that is missing. */
export const anyFlow: fc.Arbitrary<Flow> = fc.record({
  id: fc
    .bigInt({ min: 0n, max: 2n ** 128n - 1n })
    .map((id) => id.toString(16).padStart(32, '0') as FlowId),
  origin: fc.constantFrom(...WORDS.origins),
  observedAt: anyTime,
  timeFrom: fc.constantFrom('record', 'receipt'),
  receivedAt: anyTime,
  pair: fc.constant(''),
  window: fc.option(
    anyTime.map((from) => ({ from, to: nanos(from + 60_000_000_000n) })),
    { nil: undefined },
  ),
  node: wordOf(WORDS.nodes),
  event: fc.constantFrom(
    'policy-verdict',
    'drop',
    'trace',
    'l7',
    'socket',
    'capture',
    'flow-log',
    'unknown',
  ),
  reporter: fc.constantFrom('source', 'destination', 'forward', 'unknown'),
  direction: fc.constantFrom('ingress', 'egress', 'unknown'),
  reply: fc.constantFrom('yes', 'no', 'unknown'),
  source: anyEndpoint,
  destination: anyEndpoint,
  sourceIp: wordOf(WORDS.addresses),
  destinationIp: wordOf(WORDS.addresses),
  sourcePort: anyPort,
  destinationPort: anyPort,
  protocol: wordOf(WORDS.protocols),
  sourceNames: someOf(WORDS.dnsNames),
  destinationNames: someOf(WORDS.dnsNames),
  sourceService: wordOf(WORDS.services),
  destinationService: wordOf(WORDS.services),
  l7: anyL7,
  verdict: anyVerdict,
  wireVerdict: fc.constantFrom('', 'FORWARDED', 'DROPPED', 'deny'),
  hits: fc.array(anyHit, { maxLength: 2 }),
  counts: fc.record({
    events: fc.constantFrom(0, 1, 3, 2 ** 33),
    connections: anyCount,
    packetsForward: anyCount,
    packetsReverse: anyCount,
    bytesForward: anyCount,
    bytesReverse: anyCount,
  }),
  raw: anyRaw,
});
