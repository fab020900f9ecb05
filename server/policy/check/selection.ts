import { isRecord, type Manifest, type ManifestFault } from '../../core/manifest.ts';
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
  const facts = clusterFacts([...manifests, ...manifests.flatMap(podsOf)]);
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

/** One pod of what a workload would make, with the labels of its template. */
function podsOf(manifest: Manifest): readonly Manifest[] {
  const outer = isRecord(manifest['spec']) ? manifest['spec'] : {};
  const template = manifest.kind === 'CronJob' ? jobTemplate(outer) : outer['template'];
  if (!isRecord(template)) return [];
  const written = isRecord(template['metadata']) ? template['metadata'] : {};
  const { namespace, name } = manifest.metadata;
  return [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${manifest.kind} ${name}`,
        ...(namespace === undefined ? {} : { namespace }),
        labels: labelsIn(written['labels']),
      },
      spec: template['spec'],
    },
  ];
}

function jobTemplate(spec: Readonly<Record<string, unknown>>): unknown {
  const job = isRecord(spec['jobTemplate']) ? spec['jobTemplate']['spec'] : undefined;
  return isRecord(job) ? job['template'] : undefined;
}

const labelsIn = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(isRecord(value) ? value : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
