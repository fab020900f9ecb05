import type { Manifest, ManifestFault } from '../../core/manifest.ts';
import { podOfTemplate } from '../../core/pod-template.ts';
import { clusterFacts } from '../cluster-facts.ts';
import { ASSUMED_SETTINGS } from '../engine-builder.ts';
import type { PodParty } from '../facts.ts';
import type { CompiledPolicy, Question, References, World } from '../form.ts';
import { selects } from '../matching.ts';

export type Selection = {
  readonly hasPods: boolean;
  /** Says that a policy selects nothing, where the files prove it. */
  faultsOf(policy: CompiledPolicy): readonly ManifestFault[];
};

/** Asks which policies select a pod of the files, or of a workload in them. */
export function createSelection(manifests: readonly Manifest[], references: References): Selection {
  const facts = clusterFacts([
    ...manifests,
    ...manifests.flatMap((each) => podOfTemplate(each) ?? []),
  ]);
  const settings = ASSUMED_SETTINGS;
  const world = { dataplane: 'kubernetes', facts, settings, references } as const;
  const pods = [...facts.pods.values()];
  return {
    hasPods: pods.length > 0,
    faultsOf: (policy) => (pods.length > 0 ? nothingSelected(policy, pods, world) : []),
  };
}

/** Policies for the whole cluster may select what files of pods do not have, nodes for one. */
function nothingSelected(
  policy: CompiledPolicy,
  pods: readonly PodParty[],
  world: World,
): readonly ManifestFault[] {
  if (policy.namespace === '' && policy.family !== 'npapi') return [];
  if (pods.some((pod) => selects(policy, questionOf(pod, world)) !== 'no')) return [];
  const path = policy.subject.at(-1)?.path ?? ['spec'];
  return [{ path, message: `selects none of the ${pods.length} pods in these files` }];
}

/** Selection looks at the subject alone. */
const questionOf = (pod: PodParty, world: World): Question => ({
  connection: {
    client: pod,
    server: pod,
    clientIp: undefined,
    serverIp: undefined,
    protocol: '',
    port: undefined,
    sourcePort: undefined,
    icmp: undefined,
    http: undefined,
    dns: undefined,
    kafka: undefined,
    sni: undefined,
  },
  way: 'ingress',
  subject: pod,
  subjectIp: undefined,
  peer: pod,
  peerIp: undefined,
  world,
});
