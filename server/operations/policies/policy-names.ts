import type { PolicyRef } from '../../core/flow.ts';
import type { ObjectKey } from '../../core/inventory.ts';
import { isRecord, type Manifest } from '../../core/manifest.ts';

/**
 * Hits and objects call one policy by different names: Calico's NetworkPolicy has a kind of its own in hits, since
 * Kubernetes has one too, its stored names may begin with the tier (reference/calico.md 3.3), and what Calico makes of a
 * policy of Kubernetes stands in a tier that its object does not name.
 */
const CALICO_GROUP = 'projectcalico.org';
const CALICO_NETWORK_POLICY = 'CalicoNetworkPolicy';
/** Kinds whose objects name their tier; hits of all others are in one that follows from the kind. */
const TIERED = new Set([
  CALICO_NETWORK_POLICY,
  'GlobalNetworkPolicy',
  'StagedNetworkPolicy',
  'StagedGlobalNetworkPolicy',
]);

/** The kind of an object as hits have it. */
export const hitKind = ({ kind, apiGroup }: Pick<ObjectKey, 'kind' | 'apiGroup'>): string =>
  kind === 'NetworkPolicy' && apiGroup === CALICO_GROUP ? CALICO_NETWORK_POLICY : kind;

/** An object as hits name it. */
export function refOf(key: ObjectKey, manifest: Manifest): PolicyRef {
  const kind = hitKind(key);
  const tier = TIERED.has(kind) ? tierOf(manifest) : '';
  const { namespace, name } = key;
  return { kind, namespace, name: withoutTier(name, tier), tier };
}

function tierOf(manifest: Manifest): string {
  const spec = manifest['spec'];
  const tier = isRecord(spec) ? spec['tier'] : undefined;
  return typeof tier === 'string' && tier !== '' ? tier : 'default';
}

const withoutTier = (name: string, tier: string): string =>
  tier !== '' && name.startsWith(`${tier}.`) ? name.slice(tier.length + 1) : name;

/** Equal for what names the same policy. */
export const refText = ({ kind, namespace, name, tier }: PolicyRef): string =>
  JSON.stringify([kind, namespace, name, TIERED.has(kind) ? tier : '']);

/** Stands in a path for the kind that agents before Cilium 1.17 may leave out. */
export const UNKNOWN_KIND = 'unknown';

/** What stands in the path of a policy's page. */
export const policyId = (kind: string, namespace: string, name: string): string =>
  [kind, namespace === '' ? '-' : namespace, name].join('/');

/** Which policy a path asks for. */
export type PolicyPath = {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
};

/** Reads `NetworkPolicy/shop/web`; `undefined` for what is none. */
export function parsePolicyId(text: string): PolicyPath | undefined {
  const [kind = '', namespace = '', ...rest] = text.split('/');
  const name = rest.join('/');
  if (kind === '' || namespace === '' || name === '') return undefined;
  return { kind, namespace: namespace === '-' ? '' : namespace, name };
}
