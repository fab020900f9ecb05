import type { Manifest } from '../../core/manifest.ts';
import type { CompiledPolicy, ParsedPolicy } from '../form.ts';
import { readManifest, type Place } from './manifest-fields.ts';

/** The policies of a manifest, or why a cluster would refuse it. */
export function parsePolicies(
  manifest: Manifest,
  read: (root: Place) => readonly CompiledPolicy[],
): ParsedPolicy {
  const result = readManifest(manifest, read);
  return result.ok ? { ok: true, policies: result.value } : result;
}

/** The key of a compiled policy: equal for the versions of one object, and for the rule sets in it. */
export const policyKey = (
  family: CompiledPolicy['family'],
  { kind, namespace, name }: Pick<CompiledPolicy['ref'], 'kind' | 'namespace' | 'name'>,
): string => `${family}:${kind}/${namespace === '' ? '' : `${namespace}/`}${name}`;
