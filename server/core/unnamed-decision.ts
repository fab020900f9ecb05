import { dropReason } from './drop-reasons.ts';
import type { Direction, FlowFields } from './flow.ts';
import { hitCounts, type HitCount } from './hit-counts.ts';

/** A decision of policy whose record leaves open whose it was. */
export type UnnamedDecision = {
  readonly kind: 'allowed' | 'denied' | 'staged';
  /** The end that decided; `unknown` where the record cannot be trusted to say. */
  readonly way: Direction;
  /** `policy`: it names none. `rule`: it names the policy, whose hit is counted as reported, and not the rule. */
  readonly open: 'policy' | 'rule';
};

/** What a record does not say of who told it. */
export type Told = {
  /** By Retina, which tells neither verdicts nor policies. */
  readonly byRetina: boolean;
  /** The agents of its cluster tell policy verdicts. */
  readonly withVerdicts: boolean;
};

/**
 * Whether a record tells a decision of policy that it credits to nobody; the counterpart of `hit-counts.ts`, decided here
 * and nowhere else. A decision is counted by one of the two, or by neither, and never by both.
 *
 * Hubble: policy verdicts again, by their events. Where agents tell no verdicts, drops by policy stand for them; where
 * they do, a drop is the same packet told again (reference/hubble.md 5.3). Retina tells no verdicts, so that its drops
 * count, and of what was let through each observation that is no reply.
 *
 * Calico: the end of a tier that denies, and lines without any enforced entry. What a profile let through is no
 * decision of a policy.
 */
export function unnamedDecision(flow: FlowFields, told: Told): UnnamedDecision | undefined {
  switch (flow.event) {
    case 'policy-verdict':
      return ofVerdict(flow);
    case 'flow-log':
      return ofFlowLog(flow);
    case 'drop':
      return told.withVerdicts && !told.byRetina ? undefined : ofDrop(flow, told);
    case 'trace':
      return told.byRetina ? ofRetinaTrace(flow) : undefined;
    case 'l7':
    case 'socket':
    case 'capture':
    case 'unknown':
      return undefined;
  }
}

function ofVerdict(flow: FlowFields): UnnamedDecision | undefined {
  const kind = decided(flow);
  if (kind === undefined) return undefined;
  const named = hitCounts(flow);
  const open = named.length === 0 ? 'policy' : 'rule';
  return named.some(namesRule) ? undefined : { kind, way: flow.direction, open };
}

const namesRule = ({ hit: { rule } }: HitCount): boolean => rule >= 0;

function ofFlowLog(flow: FlowFields): UnnamedDecision | undefined {
  const kind = decided(flow);
  if (kind === undefined) return undefined;
  const own = flow.hits.filter(({ stage }) => stage !== 'pending');
  const last = own.at(-1);
  const isNobodys = last === undefined || (last.matched === 'end-of-tier' && kind === 'denied');
  return isNobodys ? { kind, way: flow.direction, open: 'policy' } : undefined;
}

function ofDrop(flow: FlowFields, { byRetina }: Told): UnnamedDecision | undefined {
  if (decided(flow) !== 'denied') return undefined;
  // Agents say ingress too where they cannot tell, and Retina says nothing else.
  const isSure = !byRetina && flow.direction === 'egress';
  return { kind: 'denied', way: isSure ? 'egress' : 'unknown', open: 'policy' };
}

const WAY_OF = { source: 'egress', destination: 'ingress' } as const;

function ofRetinaTrace({ verdict, reporter, reply }: FlowFields): UnnamedDecision | undefined {
  if (verdict.kind !== 'allowed' || reply === 'yes') return undefined;
  if (reporter !== 'source' && reporter !== 'destination') return undefined;
  return { kind: 'allowed', way: WAY_OF[reporter], open: 'policy' };
}

function decided({ verdict }: FlowFields): UnnamedDecision['kind'] | undefined {
  switch (verdict.kind) {
    case 'allowed':
      return 'allowed';
    case 'audit':
      return 'staged';
    case 'dropped':
      return dropReason(verdict.reason).category === 'policy' ? 'denied' : undefined;
    case 'error':
    case 'unknown':
      return undefined;
  }
}
