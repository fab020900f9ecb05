export type KindRow = {
  readonly kind: string;
  /** As keys have it: one group for a kind, whichever of its versions a cluster serves. */
  readonly apiGroup: string;
  /** The `apiVersion`s under which it is found, the one to ask for first in front. */
  readonly apiVersions: readonly string[];
  /** Its name in addresses. */
  readonly plural: string;
  readonly namespaced: boolean;
};

type Row = readonly [kind: string, plural: string, scope: 'cluster' | 'namespace'];

/** Empty for the core group, whose `apiVersion` is a version alone. */
const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

const kinds = (apiVersions: readonly string[], rows: readonly Row[]): readonly KindRow[] =>
  rows.map(([kind, plural, scope]) => ({
    kind,
    apiGroup: groupOf(apiVersions[0] ?? ''),
    apiVersions,
    plural,
    namespaced: scope === 'namespace',
  }));

/**
 * Everything that the inventory knows; nothing else is asked of a cluster or taken from a file. `docs/inventory.md`
 * gives the rights that they need.
 */
export const KINDS: readonly KindRow[] = [
  ...kinds(
    ['v1'],
    [
      ['Namespace', 'namespaces', 'cluster'],
      ['Pod', 'pods', 'namespace'],
      ['Service', 'services', 'namespace'],
      ['Node', 'nodes', 'cluster'],
      ['ServiceAccount', 'serviceaccounts', 'namespace'],
    ],
  ),
  ...kinds(['discovery.k8s.io/v1'], [['EndpointSlice', 'endpointslices', 'namespace']]),
  // What comes and goes by itself: which workloads a window of observation can have missed.
  ...kinds(
    ['batch/v1'],
    [
      ['CronJob', 'cronjobs', 'namespace'],
      ['Job', 'jobs', 'namespace'],
    ],
  ),
  ...kinds(
    ['autoscaling/v2', 'autoscaling/v1'],
    [['HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'namespace']],
  ),
  ...kinds(['networking.k8s.io/v1'], [['NetworkPolicy', 'networkpolicies', 'namespace']]),
  ...kinds(
    ['policy.networking.k8s.io/v1alpha1'],
    [
      ['AdminNetworkPolicy', 'adminnetworkpolicies', 'cluster'],
      ['BaselineAdminNetworkPolicy', 'baselineadminnetworkpolicies', 'cluster'],
    ],
  ),
  ...kinds(
    ['policy.networking.k8s.io/v1alpha2'],
    [['ClusterNetworkPolicy', 'clusternetworkpolicies', 'cluster']],
  ),
  ...kinds(
    ['cilium.io/v2'],
    [
      ['CiliumNetworkPolicy', 'ciliumnetworkpolicies', 'namespace'],
      ['CiliumClusterwideNetworkPolicy', 'ciliumclusterwidenetworkpolicies', 'cluster'],
    ],
  ),
  ...kinds(
    ['cilium.io/v2', 'cilium.io/v2alpha1'],
    [['CiliumCIDRGroup', 'ciliumcidrgroups', 'cluster']],
  ),
  // The CRDs answer where Calico's own API server is not installed.
  ...kinds(
    ['projectcalico.org/v3', 'crd.projectcalico.org/v1'],
    [
      ['NetworkPolicy', 'networkpolicies', 'namespace'],
      ['GlobalNetworkPolicy', 'globalnetworkpolicies', 'cluster'],
      ['Tier', 'tiers', 'cluster'],
      ['NetworkSet', 'networksets', 'namespace'],
      ['GlobalNetworkSet', 'globalnetworksets', 'cluster'],
      ['StagedNetworkPolicy', 'stagednetworkpolicies', 'namespace'],
      ['StagedGlobalNetworkPolicy', 'stagedglobalnetworkpolicies', 'cluster'],
      ['StagedKubernetesNetworkPolicy', 'stagedkubernetesnetworkpolicies', 'namespace'],
      ['HostEndpoint', 'hostendpoints', 'cluster'],
    ],
  ),
];

const byVersionAndKind = new Map(
  KINDS.flatMap((row) => row.apiVersions.map((apiVersion) => [`${apiVersion} ${row.kind}`, row])),
);

export const findKind = (apiVersion: string, kind: string): KindRow | undefined =>
  byVersionAndKind.get(`${apiVersion} ${kind}`);
