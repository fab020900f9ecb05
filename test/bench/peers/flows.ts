/**
 * Flows of a day for comparing stores, the same in every run and process: 2,000 pods of 1,000 workloads, 300
 * policies, addresses outside that come and go, two drops in a hundred.
 */
import type { Endpoint, Flow, FlowId, PolicyHit } from '../../../server/core/flow.ts';
import { nanos, NANOS_PER_SECOND, type TimeWindow } from '../../../server/core/time.ts';
import { ALLOWED } from '../../../server/core/verdict.ts';
import { aFlow } from '../../support/flow.ts';
import { seededNumbers } from '../../support/pod-traffic.ts';

const START = 1_770_000_000n * NANOS_PER_SECOND;
const DAY = 86_400n * NANOS_PER_SECOND;
/** It begins with a full minute, so that minutes and buckets are the same. */
export const WITHIN: TimeWindow = { from: nanos(START), to: nanos(START + DAY) };

const PODS = 2_000;
const POLICIES = 300;
/** Outside addresses of one part of the day are not seen in another. */
const DAY_PARTS = 96;
const ADDRESSES = 200;

/** Workloads of which one is often denied by the other. */
export const DENIED = { from: 'service-640', to: 'service-17' } as const;
const DENIED_PODS = { from: 1_281, to: 34 } as const;

const outsideIp = (part: number, address: number): string => `198.51.${part}.${address}`;
/** The busiest outside address of the seventh part. */
export const OUTSIDE_IP = outsideIp(6, 0);

const workloadOf = (pod: number): number => pod >> 1;
const namespaceOf = (workload: number): string => `team-${workload % 60}`;

const pods = Array.from({ length: PODS }, (_, pod): Endpoint => {
  const name = `service-${workloadOf(pod)}`;
  const namespace = namespaceOf(workloadOf(pod));
  return {
    kind: 'workload',
    cluster: 'east',
    namespace,
    pod: `${name}-5d9f8c7b6-x2k${pod}`,
    workload: name,
    workloadKind: 'Deployment',
    name: '',
    identity: 10_000 + workloadOf(pod),
    labels: [
      `k8s:app.kubernetes.io/name=${name}`,
      'k8s:io.cilium.k8s.policy.cluster=east',
      `k8s:io.kubernetes.pod.namespace=${namespace}`,
      `k8s:version=v1.${pod % 9}`,
    ],
  };
});

const world: Endpoint = {
  ...{ kind: 'network', cluster: '', namespace: '', pod: '', workload: '', workloadKind: '' },
  ...{ name: 'world', identity: 2, labels: ['reserved:world'] },
};

const hitsBy = (action: 'allow' | 'deny'): readonly (readonly PolicyHit[])[] =>
  Array.from({ length: POLICIES }, (_, policy) => [
    {
      policy: {
        kind: 'CiliumNetworkPolicy',
        namespace: namespaceOf(policy),
        name: `policy-${policy}`,
        tier: '',
      },
      ...{ direction: 'ingress', action, stage: 'enforced', matched: 'policy', rule: -1 },
    },
  ]);
const allowing = hitsBy('allow');
const denying = hitsBy('deny');

const NONE: readonly never[] = [];
const DNS_NAMES = Array.from({ length: 40 }, (_, name) => [`api-${name}.example.com`]);
const PORTS = [80, 443, 8_080, 5_432, 6_379, 53];
const DROPPED = { kind: 'dropped', reason: 'POLICY_DENIED' } as const;

/** Flows in order of their times, no two of which are equal. */
export function* makeFlows(count: number): Generator<Flow, void, undefined> {
  const below = seededNumbers(42);
  /** Few are busy, most are quiet. */
  const skewed = (limit: number): number => Math.floor(limit * (below(10_000) / 10_000) ** 3);
  const hex = (): string => below(0x1_0000_0000).toString(16).padStart(8, '0');
  const plain = aFlow();
  const step = Number(DAY) / count;
  const at = (index: number, jitter: number) =>
    nanos(START + BigInt(Math.floor(index * step) + Math.floor(jitter * step * 0.9)));
  for (let index = 0; index < count; index += 1) {
    const isDrop = below(50) === 0;
    const isVerdict = below(isDrop ? 2 : 10) === 0;
    const isKnownDrop = isDrop && below(50) === 0;
    const from = isKnownDrop ? DENIED_PODS.from : skewed(PODS);
    const to = isKnownDrop ? DENIED_PODS.to : (from * 7 + skewed(20)) % PODS;
    const goesOut = !isKnownDrop && !isVerdict && below(20) === 0;
    const port = goesOut ? 443 : PORTS[to % PORTS.length]!;
    const hits = (isDrop ? denying : allowing)[workloadOf(to) % POLICIES]!;
    const isIngress = isVerdict || (!goesOut && below(2) === 0);
    const outside = skewed(ADDRESSES);
    yield {
      ...plain,
      id: (hex() + hex() + hex() + hex()) as FlowId,
      origin: 'relay-east',
      observedAt: at(index, below(1_000_000) / 1_000_000),
      receivedAt: nanos(at(index - (index % 64) + 64, 0) + 8_000_000n),
      node: `east/node-${(isIngress ? to : from) % 40}`,
      event: isVerdict ? 'policy-verdict' : isDrop ? 'drop' : 'trace',
      reporter: isIngress ? 'destination' : 'source',
      direction: isIngress ? 'ingress' : 'egress',
      reply: isDrop ? 'unknown' : below(2) === 0 ? 'yes' : 'no',
      source: pods[from]!,
      destination: goesOut ? world : pods[to]!,
      sourceIp: `10.${from % 40}.${from >> 6}.${from & 255}`,
      destinationIp: goesOut
        ? outsideIp(Math.floor((index / count) * DAY_PARTS), outside)
        : `10.${to % 40}.${to >> 6}.${to & 255}`,
      sourcePort: 32_768 + below(28_000),
      destinationPort: port,
      protocol: port === 53 ? 'udp' : 'tcp',
      destinationNames: goesOut ? DNS_NAMES[outside % DNS_NAMES.length]! : NONE,
      destinationService: goesOut ? '' : `${namespaceOf(workloadOf(to))}/service-${workloadOf(to)}`,
      verdict: isDrop ? DROPPED : ALLOWED,
      wireVerdict: isDrop ? 'DROPPED' : 'FORWARDED',
      hits: isVerdict ? hits : NONE,
    };
  }
}
