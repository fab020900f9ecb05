import { endName } from '../core/end-name.ts';
import { policyName } from '../core/fields.ts';
import type { Endpoint, StoredFlow } from '../core/flow.ts';

const endKey = (end: Endpoint, ip: string): string => {
  const name = endName(end, ip);
  // Outside addresses are told apart: one blocked destination is one thing to mend.
  return end.kind === 'network' && ip !== '' && name !== ip ? `${name} ${ip}` : name;
};

/**
 * What makes two drops the same case: both ends' workloads, destination port, protocol, direction, reason and
 * the policies that the dataplane credits.
 */
export function dropFingerprint(flow: StoredFlow): string {
  const reason = flow.verdict.kind === 'dropped' ? flow.verdict.reason : '';
  const policies = flow.hits
    .filter((hit) => hit.stage === 'enforced' && hit.action === 'deny')
    .map((hit) => policyName(hit.policy));
  return [
    endKey(flow.source, flow.sourceIp),
    endKey(flow.destination, flow.destinationIp),
    flow.destinationPort,
    flow.protocol,
    flow.direction,
    reason,
    ...policies,
  ].join('|');
}
