import { getFlowsResponse } from '../../server/sources/hubble-proto.ts';
import type { JsonObject } from '../../server/sources/json-value.ts';

/** Pods of one node and of one workload. */
const PODS_A_NODE = 50;
const REPLICAS = 10;

/** Numbers from 0 up to `below` that are the same in each run. */
export function seededNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

type Pod = { readonly number: number; readonly node: string; readonly ip: string };

const podOf = (number: number): Pod => ({
  number,
  node: `production/worker-${Math.floor(number / PODS_A_NODE)}.eu-central-1.compute.internal`,
  ip: `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`,
});

/** As an agent tells it: an id and the workload only of its own pods. */
function endOf(pod: Pod, local: boolean): JsonObject {
  const app = Math.floor(pod.number / REPLICAS);
  const namespace = `team-${app % 40}`;
  const suffix = (pod.number * 2_654_435_761).toString(36).slice(-5);
  return {
    identity: 20_000 + app,
    namespace,
    labels: [
      `k8s:app.kubernetes.io/instance=service-${app}`,
      `k8s:app.kubernetes.io/name=service-${app}`,
      'k8s:app.kubernetes.io/part-of=storefront',
      `k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=${namespace}`,
      'k8s:io.cilium.k8s.policy.cluster=production',
      `k8s:io.cilium.k8s.policy.serviceaccount=service-${app}`,
      `k8s:io.kubernetes.pod.namespace=${namespace}`,
    ],
    pod_name: `service-${app}-7d4b9c6f8d-${suffix}${pod.number}`,
    cluster_name: 'production',
    ...(local
      ? {
          ID: 1 + (pod.number % 4_000),
          workloads: [{ name: `service-${app}`, kind: 'Deployment' }],
        }
      : {}),
  };
}

type Kind = 'trace' | 'allowed' | 'dropped';

function kindFields(kind: Kind, app: number): JsonObject {
  if (kind === 'dropped') {
    return {
      verdict: 'DROPPED',
      drop_reason: 133,
      drop_reason_desc: 'POLICY_DENIED',
      event_type: { type: 1, sub_type: 133 },
      Summary: 'TCP Flags: SYN',
    };
  }
  if (kind === 'allowed') {
    const name = `allow-service-${app}`;
    return {
      verdict: 'FORWARDED',
      event_type: { type: 5 },
      policy_match_type: 2,
      is_reply: false,
      egress_allowed_by: [
        {
          name,
          namespace: `team-${app % 40}`,
          labels: [
            'k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy',
            `k8s:io.cilium.k8s.policy.name=${name}`,
            `k8s:io.cilium.k8s.policy.namespace=team-${app % 40}`,
          ],
          revision: '37',
          kind: 'CiliumNetworkPolicy',
        },
      ],
      Summary: 'TCP Flags: SYN',
    };
  }
  return {
    verdict: 'FORWARDED',
    event_type: { type: 4, sub_type: 3 },
    trace_observation_point: 'TO_STACK',
    trace_reason: 'ESTABLISHED',
    is_reply: false,
    interface: { index: 12, name: 'lxc4f2a9c01' },
    Summary: 'TCP Flags: ACK, PSH',
  };
}

/** Second of the first 50,000 messages. */
export const TRAFFIC_SECOND = Date.parse('2026-01-02T03:04:05Z') / 1_000;

/**
 * Messages of a relay's stream as pods of a cluster make them: seven traces, two policy verdicts and a drop out of
 * ten, all TCP, each with a time, a uuid and a port of its own.
 */
export function podTraffic({
  endpoints,
  count,
  seed = 1,
  dropEvery = 10,
  firstPod = 0,
}: {
  readonly endpoints: number;
  readonly count: number;
  readonly seed?: number;
  /** One message in this many is a drop; a multiple of ten. */
  readonly dropEvery?: number;
  /** Pods below this number are gone. */
  readonly firstPod?: number;
}): Buffer[] {
  const pick = seededNumbers(seed);
  const pickPod = (): Pod => podOf(firstPod + pick(endpoints));
  return Array.from({ length: count }, (_, at) => {
    const [source, destination] = [pickPod(), pickPod()];
    const part = at % 10;
    const isDrop = at % dropEvery === dropEvery - 1;
    const kind = isDrop ? 'dropped' : part < 7 ? 'trace' : 'allowed';
    const seenAtSource = pick(2) === 0;
    const node_name = seenAtSource ? source.node : destination.node;
    const nanos = String((at * 20_011) % 1_000_000_000).padStart(9, '0');
    const second = new Date((TRAFFIC_SECOND + Math.floor(at / 50_000)) * 1_000).toISOString();
    const time = `${second.slice(0, 19)}.${nanos}Z`;
    const flags = kind === 'trace' ? { ACK: true, PSH: true } : { SYN: true };
    return getFlowsResponse.encode({
      node_name,
      time,
      flow: {
        time,
        uuid: `${pick(0x7fff_ffff).toString(16).padStart(8, '0')}-0000-4000-8000-${at.toString(16).padStart(12, '0')}`,
        ethernet: { source: '0a:58:0a:f4:01:0b', destination: '0a:58:0a:f4:01:01' },
        IP: { source: source.ip, destination: destination.ip, ipVersion: 'IPv4' },
        l4: {
          TCP: { source_port: 32_768 + pick(28_000), destination_port: 8_000 + pick(100), flags },
        },
        source: endOf(source, seenAtSource),
        destination: endOf(destination, !seenAtSource),
        Type: 'L3_L4',
        node_name,
        traffic_direction: seenAtSource ? 'EGRESS' : 'INGRESS',
        ...kindFields(kind, Math.floor(source.number / REPLICAS)),
      },
    });
  });
}
