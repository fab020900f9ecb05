import { getFlowsResponse } from '../../server/sources/hubble-proto.ts';
import type { JsonObject } from '../../server/sources/json-value.ts';

/** A drop as an agent of Cilium 1.19 tells it, with a destination of its own for each reason. */
export function dropMessage(reason: number): Buffer {
  const time = new Date().toISOString();
  const end = (app: string): JsonObject => ({
    identity: 1_000 + reason,
    namespace: 'shop',
    labels: [`k8s:app=${app}`],
    pod_name: `${app}-0`,
    workloads: [{ name: app, kind: 'StatefulSet' }],
  });
  return getFlowsResponse.encode({
    node_name: 'east/node-1',
    time,
    flow: {
      time,
      uuid: `00000000-0000-4000-8000-${String(reason).padStart(12, '0')}`,
      verdict: 'DROPPED',
      drop_reason: reason,
      drop_reason_desc: reason,
      IP: { source: '10.0.0.1', destination: '10.0.0.2', ipVersion: 'IPv4' },
      l4: { TCP: { source_port: 40_000, destination_port: 6_000 + reason, flags: { SYN: true } } },
      source: { ...end('web'), ID: 7 },
      destination: end(`db-${reason}`),
      Type: 'L3_L4',
      node_name: 'east/node-1',
      event_type: reason === 181 ? { type: 5 } : { type: 1, sub_type: reason },
      traffic_direction: 'EGRESS',
      egress_denied_by:
        reason === 181 ? [{ name: 'deny-db', namespace: 'shop', kind: 'CiliumNetworkPolicy' }] : [],
    },
  });
}
