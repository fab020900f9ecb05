import type { Decision, Edge, PolicyName } from './edge.ts';
import { ORDERS_TRAFFIC, PAYMENT_TRAFFIC, PLATFORM_TRAFFIC } from './traffic-orders.ts';
import { BATCH_TRAFFIC, SHOP_TRAFFIC, STAGING_TRAFFIC } from './traffic-shop.ts';

/** Every edge of `demo-east`. */
export const EAST_TRAFFIC: readonly Edge[] = [
  ...SHOP_TRAFFIC,
  ...ORDERS_TRAFFIC,
  ...PAYMENT_TRAFFIC,
  ...BATCH_TRAFFIC,
  ...STAGING_TRAFFIC,
  ...PLATFORM_TRAFFIC,
];

const named = (decision: Decision | undefined): readonly PolicyName[] =>
  decision !== undefined && 'by' in decision ? [decision.by] : [];

/** The policies that the dataplane names somewhere in the traffic of `demo-east`. */
export function policiesNamed(edges: readonly Edge[]): readonly PolicyName[] {
  return edges.flatMap(({ egress, ingress, during }) => [
    ...named(egress),
    ...named(ingress),
    ...named(during?.decision),
  ]);
}
