import type { FlowFields, PolicyHit } from './flow.ts';

/** What one flow adds to the hit count of one rule. Exactly one of the four kinds applies to a hit. */
export type HitCount = {
  readonly hit: PolicyHit;
  readonly kind: 'allowed' | 'denied' | 'passed' | 'staged';
  /** Decisions; 0 for a record that says that the rule was in force and decided nothing new. */
  readonly count: number;
};

const NONE: readonly HitCount[] = [];

const BY_ACTION = { allow: 'allowed', deny: 'denied', pass: 'passed' } as const;

/**
 * What counts as a hit of a policy, decided here and nowhere else.
 *
 * Hubble: policy-verdict events only, since the datapath weighs a connection once and then tells of its
 * packets in traces and drops, which would count it again (reference/hubble.md 5.3). An aggregated event
 * counts its sum (5.9). What audit mode let through is staged, not enforced.
 *
 * Calico: connections begun in the record's window; those that were already open are told in every window
 * (reference/calico.md 4.3). Every entry of the enforced trace counts, `pass` too. The witness of an end of
 * tier is never hit, nor is a profile a policy. Of the pending trace only staged policies count: it repeats
 * the enforced ones.
 */
export function hitCounts(flow: FlowFields): readonly HitCount[] {
  if (flow.hits.length === 0) return NONE;
  if (flow.event === 'policy-verdict') return verdictHits(flow);
  if (flow.event === 'flow-log') return flowLogHits(flow);
  return NONE;
}

function verdictHits(flow: FlowFields): readonly HitCount[] {
  return flow.hits.flatMap((hit) => {
    if (hit.stage !== 'enforced' || !namesPolicy(hit)) return [];
    // A verdict is given on one side. What the lists of the other say was decided there, and is told there.
    if (flow.direction !== 'unknown' && hit.direction !== flow.direction) return [];
    const kind = flow.verdict.kind === 'audit' ? 'staged' : actionKind(hit);
    if (kind === undefined || contradicts(flow, kind)) return [];
    return [{ hit, kind, count: flow.counts.events }];
  });
}

/** Agents are known to list allowing policies on dropped flows; the verdict wins (reference/hubble.md 10). */
function contradicts({ verdict }: FlowFields, kind: HitCount['kind']): boolean {
  return verdict.kind === 'dropped'
    ? kind === 'allowed'
    : verdict.kind === 'allowed' && kind === 'denied';
}

function flowLogHits(flow: FlowFields): readonly HitCount[] {
  const count = Math.max(0, flow.counts.connections);
  return flow.hits.flatMap((hit) => {
    if (!namesPolicy(hit)) return [];
    switch (hit.stage) {
      case 'enforced': {
        const kind = actionKind(hit);
        return kind === undefined ? [] : [{ hit, kind, count }];
      }
      case 'pending':
        return hit.policy.kind.startsWith('Staged') ? [{ hit, kind: 'staged', count }] : [];
      case 'transit':
        return [];
    }
  });
}

const namesPolicy = (hit: PolicyHit): boolean => hit.matched === 'rule' || hit.matched === 'policy';

const actionKind = (hit: PolicyHit): HitCount['kind'] | undefined =>
  hit.action === 'unknown' ? undefined : BY_ACTION[hit.action];
