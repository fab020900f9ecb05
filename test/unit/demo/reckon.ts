import { podLabels } from '../../../server/demo/cluster.ts';
import type { Edge, PolicyName } from '../../../server/demo/edge.ts';
import { EAST, NAMESPACE_LABELS } from '../../../server/demo/inventory.ts';
import { OUTSIDE } from '../../../server/demo/outside.ts';
import {
  manifestKey,
  type CiliumRule,
  type DemoManifest,
  type KubernetesPeer,
  type Labels,
  type Port,
  type Selector,
} from './manifests.ts';

/**
 * A second, small reckoning of what the demo's manifests decide, so that the traffic table and the manifests
 * cannot drift apart. It knows only what these manifests use.
 */
type End = {
  readonly namespace: string;
  readonly labels: Labels;
  readonly outside: string | undefined;
};

export type Side = 'egress' | 'ingress';

export type Reckoning =
  | { readonly kind: 'unpoliced' }
  | { readonly kind: 'default-deny' }
  | {
      readonly kind: 'allow' | 'deny';
      readonly by: readonly string[];
      readonly proxied: boolean;
      readonly authenticated: boolean;
    };

function endOf(name: string): End {
  const spec = EAST.find((workload) => `${workload.namespace}/${workload.name}` === name);
  if (spec !== undefined)
    return { namespace: spec.namespace, labels: podLabels(spec), outside: undefined };
  return { namespace: '', labels: {}, outside: name };
}

/** Labels as Cilium's selectors see them, and as Kubernetes' pod selectors do. */
const ciliumLabels = ({ namespace, labels }: End): Labels => ({
  ...labels,
  'io.kubernetes.pod.namespace': namespace,
});
const namespaceLabels = (name: string): Labels => ({
  'kubernetes.io/metadata.name': name,
  ...NAMESPACE_LABELS[name],
});

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  const value = (key: string): string | undefined => labels[key.replace(/^k8s:/, '')];
  return (
    Object.entries(matchLabels).every(([key, wanted]) => value(key) === wanted) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator !== 'In') throw new Error(`unknown operator ${operator}`);
      return values.includes(value(key) ?? '');
    })
  );
}

const portMatches = (ports: readonly Port[] | undefined, edge: Edge): boolean =>
  ports === undefined ||
  ports.some(
    ({ port, protocol = 'TCP' }) =>
      Number(port) === edge.port &&
      (protocol === 'ANY' || protocol.toLowerCase() === edge.protocol),
  );

function kubernetesPeerMatches(peer: KubernetesPeer, owner: string, end: End): boolean {
  if (peer.ipBlock !== undefined) throw new Error('no east policy uses ipBlock');
  if (end.outside !== undefined) return false;
  const inNamespace =
    peer.namespaceSelector === undefined
      ? end.namespace === owner
      : selects(peer.namespaceSelector, namespaceLabels(end.namespace));
  return inNamespace && selects(peer.podSelector ?? {}, end.labels);
}

/** Selectors of a namespaced Cilium policy stay in its namespace unless they name another. */
function ciliumSelects(selector: Selector, owner: string | undefined, end: End): boolean {
  if (end.outside !== undefined) return false;
  const keys = [
    ...Object.keys(selector.matchLabels ?? {}),
    ...(selector.matchExpressions ?? []).map(({ key }) => key),
  ];
  const namesNamespace = keys.some((key) => key.endsWith('io.kubernetes.pod.namespace'));
  if (owner !== undefined && !namesNamespace && end.namespace !== owner) return false;
  return selects(selector, ciliumLabels(end));
}

function ciliumPeerMatches(rule: CiliumRule, owner: string | undefined, end: End): boolean {
  const selectors = rule.fromEndpoints ?? rule.toEndpoints;
  if (selectors !== undefined)
    return selectors.some((selector) => ciliumSelects(selector, owner, end));
  const outsider = end.outside === undefined ? undefined : OUTSIDE[end.outside];
  if ((rule.fromEntities ?? rule.toEntities)?.includes('world') === true)
    return outsider !== undefined;
  if (rule.toFQDNs !== undefined)
    return rule.toFQDNs.some(({ matchName }) => matchName === outsider?.domain);
  if (rule.toCIDR !== undefined)
    return rule.toCIDR.some((cidr) => outsider?.selector === `cidr:${cidr}`);
  throw new Error('a rule without peers');
}

type Match = { readonly proxied: boolean; readonly authenticated: boolean };

function matchOf(manifest: DemoManifest, side: Side, edge: Edge, peer: End): Match | undefined {
  const { namespace } = manifest.metadata;
  for (const rule of manifest.spec[side] ?? []) {
    if (manifest.kind === 'NetworkPolicy') {
      const peers = side === 'ingress' ? rule.from : rule.to;
      const found =
        peers?.some((entry) => kubernetesPeerMatches(entry, namespace ?? '', peer)) ?? true;
      if (found && portMatches(rule.ports, edge)) return { proxied: false, authenticated: false };
      continue;
    }
    const toPorts: NonNullable<CiliumRule['toPorts']> = rule.toPorts ?? [{ ports: [] }];
    const entry = toPorts.find(({ ports }) => ports.length === 0 || portMatches(ports, edge));
    if (entry !== undefined && ciliumPeerMatches(rule, namespace, peer)) {
      return {
        proxied: entry.rules !== undefined,
        authenticated: rule.authentication !== undefined,
      };
    }
  }
  return undefined;
}

function governs({ kind, spec }: DemoManifest, side: Side): boolean {
  if (kind === 'NetworkPolicy')
    return spec.policyTypes?.includes(side === 'ingress' ? 'Ingress' : 'Egress') ?? false;
  const rules =
    side === 'ingress' ? [spec.ingress, spec.ingressDeny] : [spec.egress, spec.egressDeny];
  return rules.some((list) => list !== undefined);
}

function selectsOwn({ kind, metadata, spec }: DemoManifest, own: End): boolean {
  if (own.outside !== undefined) return false;
  if (metadata.namespace !== undefined && metadata.namespace !== own.namespace) return false;
  const selector = (kind === 'NetworkPolicy' ? spec.podSelector : spec.endpointSelector) ?? {};
  return selects(selector, ciliumLabels(own));
}

/** What the manifests decide for an edge at one side. */
export function reckon(edge: Edge, side: Side, manifests: readonly DemoManifest[]): Reckoning {
  const own = endOf(side === 'ingress' ? edge.to : edge.from);
  const peer = endOf(side === 'ingress' ? edge.from : edge.to);
  const inForce = manifests.filter(
    (manifest) => selectsOwn(manifest, own) && governs(manifest, side),
  );
  const denied = inForce.filter(({ metadata, spec }) =>
    (side === 'ingress' ? spec.ingressDeny : spec.egressDeny)?.some((rule) =>
      ciliumPeerMatches(rule, metadata.namespace, peer),
    ),
  );
  if (denied.length > 0)
    return { kind: 'deny', by: denied.map(manifestKey), proxied: false, authenticated: false };
  const allowed = inForce.flatMap((manifest) => {
    const match = matchOf(manifest, side, edge, peer);
    return match === undefined ? [] : [{ key: manifestKey(manifest), ...match }];
  });
  if (allowed.length > 0) {
    return {
      kind: 'allow',
      by: allowed.map(({ key }) => key),
      proxied: allowed.some(({ proxied }) => proxied),
      authenticated: allowed.some(({ authenticated }) => authenticated),
    };
  }
  return inForce.some(({ spec }) => spec.enableDefaultDeny?.[side] !== false)
    ? { kind: 'default-deny' }
    : { kind: 'unpoliced' };
}

export const policyKey = ({ kind, namespace, name }: PolicyName): string =>
  `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
