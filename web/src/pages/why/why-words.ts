import type {
  Difference,
  EndExplanation,
  PolicyName,
  PolicySnapshot,
  Provenance,
  RuleLine,
} from '../../../../server/core/explanation.ts';
import { policyName } from '../../../../server/core/policy-name.ts';
import { plural } from '../../words/numbers.ts';
import { formatMoment, type Zone } from '../../words/time.ts';

type Word = { readonly word: string; readonly about: string };

/** How far a headline can be trusted: the tag, and what it means. */
export const PROVENANCE: Readonly<Record<Provenance, Word>> = {
  reported: { word: 'Reported', about: 'The dataplane named what decided.' },
  evaluated: {
    word: 'Evaluated',
    about:
      'The dataplane names nothing; the policies were weighed again, and agree with the record.',
  },
  undecided: { word: 'Undecided', about: 'A fact is missing; below is which one.' },
  conflict: { word: 'Conflict', about: 'The record and the policies that are known disagree.' },
  'not-policy': { word: 'Not policy', about: 'No policy decided this, and none can change it.' },
};

const DATAPLANE: Readonly<Record<string, string>> = {
  cilium: 'Cilium',
  calico: 'Calico',
  'azure-npm': 'Azure NPM',
  kubernetes: 'Kubernetes',
};

/** A time, with its day only where that is another than the flow's. */
export function timeNear(iso: string, observedAt: string, zone: Zone): string {
  const moment = formatMoment(Date.parse(iso), zone);
  const day = formatMoment(Date.parse(observedAt), zone).slice(0, 11);
  return moment.startsWith(day) ? moment.slice(day.length) : moment;
}

/** `policies as of 12:04:31 · 14 policies · Cilium`. */
export function againstWords(against: PolicySnapshot, observedAt: string, zone: Zone): string {
  const at = timeNear(against.at, observedAt, zone);
  const from = { then: `policies as of ${at}`, now: `today's policies, ${at}`, files: 'files' };
  return [
    from[against.of],
    plural(against.policies, 'policy', 'policies'),
    DATAPLANE[against.dataplane] ?? against.dataplane,
  ].join(' · ');
}

/** `NetworkPolicy shop/redis-ingress`. */
export const policyText = (policy: PolicyName): string => `${policy.kind} ${nameOf(policy)}`;

export const nameOf = ({ namespace, name }: PolicyName): string =>
  policyName({ kind: '', tier: '', namespace, name });

export const samePolicy = (a: PolicyName, b: PolicyName): boolean =>
  a.kind === b.kind &&
  a.namespace === b.namespace &&
  a.name === b.name &&
  (a.apiGroup ?? b.apiGroup) === (b.apiGroup ?? a.apiGroup);

const VERDICT = { allow: 'allowed', deny: 'denied', undetermined: 'not decided' } as const;

/** `Ingress of shop/redis: denied`. */
export const endTitle = ({ way, subject, verdict }: EndExplanation): string =>
  `${way === 'ingress' ? 'Ingress' : 'Egress'} of ${subject}: ${VERDICT[verdict]}`;

const MATCHED = { allow: 'allows', deny: 'denies', pass: 'passes on', log: 'logs only' } as const;

/** What came of trying a rule. */
export function outcomeWords({ truth, effect }: RuleLine): string {
  if (truth === 'yes') return MATCHED[effect];
  return truth === 'no' ? 'no match' : 'may match';
}

/** `100%`; a share that is small, and not nothing, is never told as nothing. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '<1%';
  return share < 1 && share > 0.99 ? '>99%' : `${Math.round(share * 100)}%`;
}

/** `100% of drops, 8% of allowed`. */
export const shareWords = ({ ofDrops, ofAllowed }: Difference): string =>
  `${percent(ofDrops)} of drops, ${percent(ofAllowed)} of allowed`;
