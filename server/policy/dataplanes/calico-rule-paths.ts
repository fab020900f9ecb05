import { isRecord, type Manifest, type ManifestPath } from '../../core/manifest.ts';
import type { Way } from '../form.ts';

/** One of the rules that Calico makes of a policy, which its flow logs number. */
export type ConvertedRule = {
  /** Of the rule that it is made of. */
  readonly path: ManifestPath;
  /** The protocol that it is for; empty: the ports are not restricted, or the rule stays as it is written. */
  readonly protocol: string;
  /** Position of the peer that it is for; 0 where none is named. */
  readonly peer: number;
};

const PEERS = { ingress: 'from', egress: 'to' } as const;

/**
 * The rules that Calico numbers, in their order (reference/calico.md 10.1). Rules of its own policies keep their places.
 * Of a policy of Kubernetes it makes one rule for each protocol of the ports, sorted by name, and each peer. `undefined`
 * where what it makes is not documented.
 */
export function convertedRules(
  { kind }: Pick<Manifest, 'kind'>,
  manifest: Manifest,
  way: Way,
): readonly ConvertedRule[] | undefined {
  const spec = manifest['spec'];
  const rules = listIn(spec, way);
  const pathOf = (at: number): ManifestPath => ['spec', way, at];
  if (kind === 'NetworkPolicy' || kind === 'StagedKubernetesNetworkPolicy')
    return rules.flatMap((rule, at) => converted(rule, PEERS[way], pathOf(at)));
  const isAdmin = /^(?:Admin|Baseline|Cluster)/.test(kind);
  // How rules of admin policies with several peers or ports are laid out is documented nowhere.
  if (isAdmin && !rules.every((rule) => isSingle(rule, PEERS[way]))) return undefined;
  return rules.map((_, at) => ({ path: pathOf(at), protocol: '', peer: 0 }));
}

function converted(
  rule: unknown,
  peersField: string,
  path: ManifestPath,
): readonly ConvertedRule[] {
  const peers = [...Array(Math.max(1, listIn(rule, peersField).length)).keys()];
  return protocolsOf(rule).flatMap((protocol) => peers.map((peer) => ({ path, protocol, peer })));
}

const isSingle = (rule: unknown, peersField: string): boolean =>
  listIn(rule, peersField).length < 2 &&
  listIn(rule, 'ports').length < 2 &&
  listIn(rule, 'protocols').length < 2;

/** Groups that the ports of a rule make: one for each protocol, and one where there is no list. */
function protocolsOf(rule: unknown): readonly string[] {
  const protocols = listIn(rule, 'ports').map((port) => {
    const protocol = isRecord(port) ? port['protocol'] : undefined;
    return typeof protocol === 'string' ? protocol : 'TCP';
  });
  return protocols.length === 0 ? [''] : [...new Set(protocols)].sort();
}

function listIn(value: unknown, field: string): readonly unknown[] {
  const list = isRecord(value) ? value[field] : undefined;
  return Array.isArray(list) ? list : [];
}
