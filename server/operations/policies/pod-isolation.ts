import { kindName } from '../../core/inventory.ts';
import { KINDS } from '../../inventory/kinds.ts';
import { isEnforced } from '../../policy/engine-builder.ts';
import type { AddressParty, Dataplane, PodParty } from '../../policy/facts.ts';
import type { Question, Stage, Way } from '../../policy/form.ts';
import type { SelectingStage } from '../../policy/outcome.ts';
import { DATAPLANES, DIALECTS } from '../../policy/registry.ts';
import { selectingStage } from '../../policy/selecting.ts';
import { anyOf, type Truth } from '../../policy/truth.ts';
import type { ClusterPolicies } from './policy-objects.ts';

/** Whether pods of a cluster are kept from what no policy admits. */
export type Isolation = {
  /** `unknown`: a fact that decides it is missing. */
  of(pod: PodParty, way: Way): Truth;
};

/** Asks the rules of the dataplane what becomes of traffic that no rule of any policy matches. */
export function createIsolation(
  { policies, world: told }: ClusterPolicies,
  dataplane: Dataplane,
): Isolation {
  const { enforces, stages } = DATAPLANES[dataplane];
  const world = { ...told, dataplane };
  const inForce = policies
    .flatMap(({ compiled }) => compiled)
    .filter(({ family, staged }) => !staged && enforces(family, world.settings));
  const selecting = stages(inForce, world).map(selectingStage);
  return {
    of: (pod, way) => endOf(selecting, { ...unmatchedBy(pod, way), world }),
  };
}

/** By the kinds that are there, where no flow tells who enforces them. */
export function assumedDataplane({ policies }: ClusterPolicies): Dataplane {
  const families = new Set(policies.flatMap(({ compiled }) => compiled.map((each) => each.family)));
  return families.has('cilium') ? 'cilium' : families.has('calico') ? 'calico' : 'kubernetes';
}

/** Kinds of policies that a dataplane enforces, as `kindName` has them. */
export function enforcedKinds(dataplane: Dataplane): readonly string[] {
  const enforced = new Set(
    Object.values(DIALECTS).flatMap(({ family, kinds }) =>
      isEnforced(family, dataplane) ? kinds : [],
    ),
  );
  return KINDS.filter(
    ({ kind, apiGroup }) =>
      kind.endsWith('Policy') && !kind.startsWith('Staged') && enforced.has(`${apiGroup}/${kind}`),
  ).map(kindName);
}

/** An address of the documentation, which no rule of a policy is asked about here. */
const NOBODY: AddressParty = { kind: 'address', ip: '192.0.2.1', names: [], apiServer: false };

function unmatchedBy(pod: PodParty, way: Way): Omit<Question, 'world'> {
  const isIngress = way === 'ingress';
  return {
    connection: {
      ...{ client: isIngress ? NOBODY : pod, server: isIngress ? pod : NOBODY },
      ...{ clientIp: undefined, serverIp: undefined, protocol: 'TCP', port: 1 },
      ...{ sourcePort: undefined, icmp: undefined, http: undefined, dns: undefined },
      ...{ kafka: undefined, sni: undefined },
    },
    ...{ way, subject: pod, subjectIp: undefined, peer: NOBODY, peerIp: NOBODY.ip },
  };
}

function endOf(stages: readonly SelectingStage[], question: Question): Truth {
  let isOpen = false;
  for (const stage of stages) {
    const found = outcomesOf(stage, stage.select(question), question);
    if (!found.has('next'))
      return isOpen || found.size > 1 ? 'unknown' : found.has('deny') ? 'yes' : 'no';
    isOpen ||= found.has('deny');
  }
  return isOpen ? 'unknown' : 'no';
}

function outcomesOf(
  stage: Stage,
  selected: ReturnType<SelectingStage['select']>,
  question: Question,
): ReadonlySet<'allow' | 'deny' | 'next'> {
  const isolating = selected.filter(({ policy }) => policy.isolates.has(question.way));
  const { outcomes } = stage.unmatched(
    {
      selected: anyOf(selected, ({ truth }) => truth),
      isolated: anyOf(isolating, ({ truth }) => truth),
    },
    question,
  );
  return new Set(outcomes.map(({ outcome }) => outcome));
}
