import { decidingHits } from '../../core/drop-groups.ts';
import { dropReason } from '../../core/drop-reasons.ts';
import type {
  EndExplanation,
  Explanation,
  PolicySnapshot,
  Provenance,
} from '../../core/explanation.ts';
import type { RecordedFlow } from '../../core/flow.ts';
import { policyName } from '../../core/policy-name.ts';
import { formatTime, type EpochNanos } from '../../core/time.ts';
import { connectionText, listed } from './sentences.ts';
import { askedOf, type Weighed } from './weigh.ts';

/** What the record itself names; empty when it names nothing. */
export function reportedText(flow: RecordedFlow): string {
  const hits = decidingHits(flow.hits).filter(({ matched }) => matched !== 'profile');
  const end = flow.hits.find(
    ({ matched, stage }) => matched === 'end-of-tier' && stage !== 'pending',
  );
  // One policy of a tier stands in the record for its end, which is no rule of that policy.
  if (hits.length === 0 && end !== undefined)
    return `The dataplane names the end of tier ${end.policy.tier || 'default'} (${end.action}), with ${policyName(end.policy)} as its witness.`;
  if (hits.length === 0) return '';
  const names = hits.map(
    ({ policy, rule, action }) =>
      `${policy.kind} ${policyName(policy)}${rule < 0 ? '' : ` rule ${rule}`} (${action})`,
  );
  return `The dataplane names ${listed([...new Set(names)])}.`;
}

export type Said = Pick<Explanation, 'headline' | 'provenance' | 'conflict'>;

/**
 * The headline, and how far it can be trusted. `others` names the policies where they are not those of its time: that
 * they decide otherwise is an answer, and no disagreement.
 */
export function said(
  flow: RecordedFlow,
  weighed: Weighed | undefined,
  ends: readonly EndExplanation[],
  others: string | undefined,
): Said {
  const what = connectionText(askedOf(flow));
  if (weighed !== undefined && others !== undefined && isOtherwise(flow, weighed))
    return {
      headline:
        flow.verdict.kind === 'allowed'
          ? `Was allowed; ${others} would deny it: ${ends[0]?.sentence ?? what}`
          : `Was dropped by policy; ${others} would allow it: ${what}.`,
      provenance: 'evaluated',
      conflict: [],
    };
  if (flow.verdict.kind === 'dropped') return saidOfDrop(flow, flow.verdict.reason, weighed, ends);
  if (flow.verdict.kind === 'audit')
    return {
      headline: `Would have been dropped, and was let through since audit mode is on: ${ends[0]?.sentence ?? what}`,
      provenance: weighed === undefined ? 'undecided' : provenanceOf(flow, weighed, 'deny'),
      conflict: [],
    };
  if (weighed === undefined)
    return {
      headline: `Allowed: ${what}. No policies of its time are known.`,
      provenance: hasNames(flow) ? 'reported' : 'undecided',
      conflict: [],
    };
  const provenance = provenanceOf(flow, weighed, 'allow');
  return {
    headline:
      provenance === 'conflict'
        ? `Allowed, although the policies deny it: ${ends[0]?.sentence ?? what}`
        : `Allowed: ${ends.map(({ sentence }) => sentence).join(' ') || what}`,
    provenance,
    conflict: provenance === 'conflict' ? ALLOWED_AGAINST : [],
  };
}

/** What policies are called where they are not those of the flow's time. */
export function otherPolicies(
  of: PolicySnapshot['of'],
  at: EpochNanos | undefined,
): string | undefined {
  if (of === 'now') return "today's policies";
  if (of === 'files') return 'the policies of the files';
  return at === undefined ? undefined : 'the policies of that time';
}

function isOtherwise({ verdict }: RecordedFlow, { judgement }: Weighed): boolean {
  if (verdict.kind === 'allowed') return judgement.verdict === 'deny';
  const isPolicys =
    verdict.kind === 'dropped' &&
    ['policy', 'unknown'].includes(dropReason(verdict.reason).category);
  return isPolicys && judgement.verdict === 'allow';
}

const hasNames = (flow: RecordedFlow): boolean => reportedText(flow) !== '';

function provenanceOf(
  flow: RecordedFlow,
  { judgement }: Weighed,
  expected: 'allow' | 'deny',
): Provenance {
  if (judgement.verdict === 'undetermined') return hasNames(flow) ? 'reported' : 'undecided';
  if (judgement.verdict !== expected) return 'conflict';
  return hasNames(flow) ? 'reported' : 'evaluated';
}

function saidOfDrop(
  flow: RecordedFlow,
  code: string,
  weighed: Weighed | undefined,
  ends: readonly EndExplanation[],
): Said {
  const reason = dropReason(code);
  const what = connectionText(askedOf(flow));
  if (reason.category !== 'policy' && reason.category !== 'unknown') {
    const would = weighed?.judgement.verdict === 'allow' ? ' Policies would have admitted it.' : '';
    return {
      headline: `Dropped, but not by policy: ${reason.words}. No policy change will help.${would}`,
      provenance: 'not-policy',
      conflict: [],
    };
  }
  if (weighed === undefined)
    return {
      headline: hasNames(flow)
        ? `Dropped by policy: ${what}. ${reportedText(flow)}`
        : `Dropped by policy: ${what}. No policies are known for ${formatTime(flow.observedAt)}, so which ones is open.`,
      provenance: hasNames(flow) ? 'reported' : 'undecided',
      conflict: [],
    };
  const provenance = provenanceOf(flow, weighed, 'deny');
  const [first] = ends;
  if (provenance === 'conflict')
    return {
      headline: `Dropped by policy, says the record; the policies that are known would allow it: ${what}.`,
      provenance,
      conflict: DROPPED_AGAINST,
    };
  if (provenance === 'undecided')
    return {
      headline: `Dropped: ${what}. ${first?.sentence ?? ''}`,
      provenance,
      conflict: [],
    };
  // What the dataplane names stands where weighing again leaves it open.
  const decided = first?.verdict === 'deny' ? first.sentence : `${what}. ${reportedText(flow)}`;
  return { headline: `Dropped by policy: ${decided}`, provenance, conflict: [] };
}

const DROPPED_AGAINST = [
  'a policy or a label changed within seconds of the drop, and the node had not followed yet',
  'the identity of the peer had not reached the node',
  'it was a reply whose connection was no longer tracked',
  'a service or host translation changed the address that policy saw',
  'another controller enforces policies here',
];

const ALLOWED_AGAINST = [
  'the connection was open before the policy came, and goes on',
  'a policy or a label changed within seconds of the flow',
  'it was a reply, which policy does not judge',
  'policies are audited and not enforced here',
];
