import { isRecord, type Manifest } from '../../core/manifest.ts';
import type { ParsedPolicy, References } from '../form.ts';
import { kubernetesDialect } from './kubernetes.ts';
import {
  choiceAt,
  fieldOf,
  isThere,
  recordAt,
  readManifest,
  refuse,
  type Place,
} from './manifest-fields.ts';
import { policyKey } from './parse-policies.ts';

const ACTIONS = ['Set', 'Delete', 'Learn', 'Ignore'] as const;

/** Whether a staged policy stands for the deletion of the enforced one: then it may say nothing else. */
export function isDeleting(spec: Place, allowed: readonly string[]): boolean {
  const isDelete = choiceAt(fieldOf(spec, 'stagedAction'), ACTIONS) === 'Delete';
  if (!isDelete) return false;
  for (const name of Object.keys(recordAt(spec)))
    if (name !== 'stagedAction' && !allowed.includes(name) && !isEmpty(fieldOf(spec, name)))
      refuse(fieldOf(spec, name), 'must not be given where stagedAction is Delete');
  return true;
}

function isEmpty(place: Place): boolean {
  const { value } = place;
  if (!isThere(place) || value === '' || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

/** A Kubernetes policy that is not in force yet: read as one, and counted as Calico's. */
export function parseStagedKubernetes(manifest: Manifest, references: References): ParsedPolicy {
  const staged = readManifest(manifest, (root) => {
    const spec = fieldOf(root, 'spec');
    return { isDeleted: isDeleting(spec, []), fields: Object.entries(recordAt(spec)) };
  });
  if (!staged.ok) return staged;
  if (staged.value.isDeleted) return { ok: true, policies: [] };
  const fields = staged.value.fields.filter(([name]) => name !== 'stagedAction');
  const enforced: Manifest = {
    ...manifest,
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    spec: Object.fromEntries(fields),
  };
  const parsed = kubernetesDialect.parse(enforced, references);
  if (!parsed.ok) return parsed;
  return {
    ok: true,
    policies: parsed.policies.map((policy) => {
      const ref = { ...policy.ref, kind: manifest.kind, tier: 'default' };
      const key = policyKey('calico', ref);
      return { ...policy, ref, family: 'calico', key, manifest, staged: true };
    }),
  };
}
