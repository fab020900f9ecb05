import { adminTierOf, type AdminTier } from '../dialects/admin.ts';
import type {
  CompiledPolicy,
  DataplaneRules,
  MissingFact,
  Question,
  Reason,
  Stage,
  Unmatched,
} from '../form.ts';
import { hasPorts } from '../predicates/ports.ts';
import { beforePod, isOwnNode, ownNodeUnknown } from './before-pod.ts';

/** What the API says, where no dataplane is named; what it leaves open is undetermined. */
export const kubernetesRules: DataplaneRules = {
  enforces: (family) => family === 'k8s' || family === 'npapi',
  before: beforePod,
  stages: (policies) => [
    adminStage(policies, 'Admin', 'ambiguous'),
    unionStage(policies, deniedByApi),
    adminStage(policies, 'Baseline', 'ambiguous'),
  ],
};

const GOES_ON: Unmatched = { outcomes: [{ outcome: 'next', reason: 'no-match' }] };

/**
 * The objects of one tier of the admin policies, by priority. Selection alone isolates nothing. The API leaves open
 * which of equal priority comes first; a dataplane may not.
 */
export const adminStage = (
  policies: readonly CompiledPolicy[],
  tier: AdminTier,
  ties: Stage['ties'] & {},
): Stage => ({
  name: tier,
  combine: 'first-match',
  ties,
  policies: policies
    .filter((policy) => adminTierOf(policy) === tier)
    .toSorted((a, b) => a.order - b.order),
  unmatched: () => GOES_ON,
});

/** NetworkPolicy: a pod that one selects gets what one of them allows. `denied`: what becomes of the rest. */
export const unionStage = (
  policies: readonly CompiledPolicy[],
  denied: (question: Question) => Unmatched['outcomes'],
): Stage => ({
  name: 'NetworkPolicy',
  combine: 'allow-union',
  policies: policies.filter(({ family }) => family === 'k8s'),
  unmatched({ isolated }, question) {
    const goesOn = { outcome: 'next', reason: 'no-policy' } as const;
    if (isolated === 'no') return { outcomes: [goesOn] };
    return { outcomes: isolated === 'yes' ? denied(question) : [...denied(question), goesOn] };
  },
});

export const DENIED: Unmatched['outcomes'] = [{ outcome: 'deny', reason: 'default-deny' }];

/**
 * What the API has of a pod that is isolated: it may always speak to its own node, and whether it is kept from protocols
 * without ports is left open. Administrators may keep it from its node, so that is not decided before them.
 */
function deniedByApi(question: Question): Unmatched['outcomes'] {
  const { subject, peer, connection } = question;
  if (subject.kind === 'pod' && isOwnNode(subject, peer))
    return [{ outcome: 'allow', reason: 'own-node' }];
  const node = ownNodeUnknown(question);
  if (node !== undefined) return deniedPerhaps('own-node', node.missing);
  return hasPorts(connection.protocol) ? DENIED : deniedPerhaps('protocol-unspecified', PORTLESS);
}

const PORTLESS: MissingFact = {
  kind: 'protocol',
  text: 'whether an isolated pod may be reached by a protocol without ports',
};

export const deniedPerhaps = (reason: Reason, missing: MissingFact): Unmatched['outcomes'] => [
  { outcome: 'deny', reason: 'default-deny', missing },
  { outcome: 'allow', reason, missing },
];
