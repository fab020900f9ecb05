import { endName } from '../core/end-name.ts';
import { policyName } from '../core/fields.ts';
import type { Endpoint, StoredFlow } from '../core/flow.ts';

const endKey = (end: Endpoint, ip: string): string => {
  const name = endName(end, ip);
  // Outside addresses are told apart: one blocked destination is one thing to mend.
  return end.kind === 'network' && ip !== '' && name !== ip ? `${name} ${ip}` : name;
};

export type Fingerprints = {
  /** The group that a dropped flow belongs to. Call once a flow, in commit order. */
  keyOf(flow: StoredFlow): string;
};

/** The datapath writes the drop of a denied packet some microseconds after the verdict on it. */
const TWIN_NANOS = 1_000_000_000n;
const MAX_VERDICTS = 10_000;

/**
 * Cilium tells a denied packet twice: a policy verdict, which may name the policy, and a drop event, which
 * never does (reference/hubble.md 5.3). The drop joins the group of its verdict, so that one cause is one group.
 */
export function createFingerprints(): Fingerprints {
  const verdicts = new Map<string, { readonly key: string; readonly at: bigint }>();
  return {
    keyOf(flow) {
      const key = dropFingerprint(flow);
      if (flow.event !== 'policy-verdict' && flow.event !== 'drop') return key;
      const packet = `${flow.node}|${flow.sourceIp}|${flow.sourcePort}|${flow.destinationIp}|${flow.destinationPort}|${flow.protocol}`;
      if (flow.event === 'drop') {
        const verdict = verdicts.get(packet);
        const apart = verdict === undefined ? TWIN_NANOS : flow.observedAt - verdict.at;
        return verdict !== undefined && apart >= 0n && apart < TWIN_NANOS ? verdict.key : key;
      }
      verdicts.delete(packet);
      verdicts.set(packet, { key, at: flow.observedAt });
      const [oldest] = verdicts.keys();
      if (verdicts.size > MAX_VERDICTS && oldest !== undefined) verdicts.delete(oldest);
      return key;
    },
  };
}

/**
 * What makes two drops the same case: both ends' workloads, destination port, protocol, direction, reason and
 * the policies that the dataplane credits.
 */
function dropFingerprint(flow: StoredFlow): string {
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
