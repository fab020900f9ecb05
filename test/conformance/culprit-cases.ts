import type { Flow } from '../../server/core/flow.ts';
import type { Manifest } from '../../server/core/manifest.ts';
import type { Random } from '../../server/demo/random.ts';
import type { Dataplane } from '../../server/policy/facts.ts';
import { networkPolicy } from '../support/objects.ts';
import {
  allowed,
  clock,
  dropped,
  manifests,
  namespaceOf,
  OUTSIDE,
  podOf,
  type Step,
} from '../support/why-world.ts';

/** A world in which one change made a connection be dropped, among others that lie nearer to the drop. */
export type CulpritCase = {
  readonly name: string;
  readonly dataplane: Dataplane;
  readonly steps: readonly Step[];
  readonly before: Flow;
  readonly drop: Flow;
  /** `NetworkPolicy shop/deny-3`. */
  readonly culprit: string;
  /** What takes the change back. */
  readonly undo: Change;
};

type Change = { readonly put: readonly Manifest[] } | { readonly gone: readonly Manifest[] };

/** What is there from the start, and the change; each case has a number of its own in its names. */
type Plot = {
  readonly name: string;
  readonly dataplane: Dataplane;
  readonly objects: readonly Manifest[];
  readonly change: Change;
  readonly undo: Change;
  readonly culprit: Manifest;
  readonly to?: Manifest | string;
};

type Cast = {
  readonly n: number;
  readonly port: number;
  readonly client: Manifest;
  readonly server: Manifest;
};

const time = (second: number): string => {
  const part = (value: number): string => String(value % 60).padStart(2, '0');
  return `${String(Math.floor(second / 3600)).padStart(2, '0')}:${part(Math.floor(second / 60))}:${part(second)}`;
};

const nameOf = ({ kind, metadata }: Manifest): string =>
  `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

const labelled = (manifest: Manifest, labels: Readonly<Record<string, string>>): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, labels: { ...manifest.metadata.labels, ...labels } },
});

/** Changes around both ends that have no part in it. */
const noise = ({ n, server }: Cast): readonly Manifest[] => [
  networkPolicy(`unrelated-${n}`, { podSelector: { matchLabels: { app: `other-${n}` } } }),
  networkPolicy(`unrelated-ops-${n}`, { podSelector: { matchLabels: { app: 'none' } } }, 'ops'),
  labelled(server, { version: `v${n}` }),
  labelled(namespaceOf('shop', { team: 'shop' }), { note: `n${n}` }),
];

function scripted(plot: (cast: Cast) => Plot): (random: Random, n: number) => CulpritCase {
  return (random, n) => {
    const cast: Cast = {
      n,
      port: 1_024 + random.below(8_000),
      client: podOf(`ops/client-${n}-0`, `10.1.0.${1 + n}`, { app: `client-${n}`, role: 'caller' }),
      server: podOf(`shop/server-${n}-0`, `10.2.0.${1 + n}`, { app: `server-${n}` }),
    };
    const { name, dataplane, objects, change, undo, culprit, to = cast.server } = plot(cast);
    const start = 36_000 + random.below(20_000);
    // Calico tells of an address without saying what it is.
    const isBare = dataplane === 'calico' && typeof to === 'string';
    const more = isBare ? { destination: { ...OUTSIDE, labels: [] } } : {};
    const talk = { from: cast.client, to, port: cast.port, more };
    const others = noise(cast).filter(() => random.chance(0.8));
    return {
      name: `${n} ${name}`,
      dataplane,
      before: allowed({ ...talk, at: time(start) }),
      steps: [
        {
          at: clock('08:00:00'),
          put: [
            ...[namespaceOf('shop', { team: 'shop' }), namespaceOf('ops', { team: 'ops' })],
            ...[cast.client, cast.server],
            ...objects,
          ],
        },
        { at: clock(time(start + 20 + random.below(40))), ...change },
        ...others.map((each, at) => ({
          at: clock(time(start + 70 + 10 * at + random.below(10))),
          put: [each],
        })),
      ],
      drop: dropped({ ...talk, at: time(start + 120 + random.below(60)) }),
      culprit: nameOf(culprit),
      undo,
    };
  };
}

const selecting = ({ metadata }: Manifest): object => ({
  matchLabels: { app: metadata.labels?.['app'] },
});

const ingressFrom = (cast: Cast, from: object, port = cast.port): Manifest =>
  networkPolicy(`server-${cast.n}`, {
    podSelector: selecting(cast.server),
    ingress: [{ from: [from], ports: [{ port }] }],
  });

const FROM_OPS = { namespaceSelector: { matchLabels: { team: 'ops' } } };

const edit = (before: Manifest, after: Manifest, rest: readonly Manifest[] = []) => ({
  objects: [before, ...rest],
  change: { put: [after] },
  undo: { put: [before] },
  culprit: after,
});

const created = (culprit: Manifest, rest: readonly Manifest[] = []) => ({
  objects: rest,
  change: { put: [culprit] },
  undo: { gone: [culprit] },
  culprit,
});

const one = (yaml: string): Manifest => {
  const [manifest] = manifests(yaml);
  if (manifest === undefined) throw new Error('no manifest');
  return manifest;
};

const OUTSIDE_IP = '203.0.113.9';

const egressByGroup = (n: number): Manifest =>
  one(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: partners-${n}, namespace: ops }
spec:
  endpointSelector: { matchLabels: { app: client-${n} } }
  egress: [{ toCIDRSet: [{ cidrGroupRef: partners-${n} }] }]
`);

const cidrGroup = (n: number, cidr: string): Manifest =>
  one(`
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: { name: partners-${n} }
spec: { externalCIDRs: [${cidr}] }
`);

const tier = (n: number, action: string): Manifest =>
  one(`
apiVersion: projectcalico.org/v3
kind: Tier
metadata: { name: gate-${n} }
spec: { order: 10, defaultAction: ${action} }
`);

const inTier = (n: number): Manifest =>
  one(`
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: gate-${n}.watch }
spec:
  tier: gate-${n}
  order: 5
  selector: app == 'server-${n}'
  types: [Ingress]
  ingress: [{ action: Deny, protocol: UDP }]
`);

const denySet = (n: number): Manifest =>
  one(`
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: default.blocked-${n} }
spec:
  tier: default
  selector: app == 'client-${n}'
  types: [Egress]
  egress:
    - { action: Deny, destination: { selector: blocked-${n} == 'yes' } }
    - { action: Allow }
`);

const networkSet = (n: number, net: string): Manifest =>
  one(`
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: { name: blocked-${n}, labels: { blocked-${n}: 'yes' } }
spec: { nets: [${net}] }
`);

const ordered = (n: number, order: number, action: string): Manifest =>
  one(`
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: default.${action.toLowerCase()}-${n}, namespace: shop }
spec:
  tier: default
  order: ${order}
  selector: app == 'server-${n}'
  types: [Ingress]
  ingress: [{ action: ${action}, protocol: TCP }]
`);

const toData = (n: number): Manifest =>
  one(`
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: default.data-${n}, namespace: ops }
spec:
  tier: default
  selector: app == 'client-${n}'
  types: [Egress]
  egress: [{ action: Allow, destination: { namespaceSelector: all(), selector: app == 'data-${n}' } }]
`);

const adminDeny = (n: number): Manifest =>
  one(`
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: { name: admin-${n} }
spec:
  priority: ${n}
  subject: { namespaces: { matchLabels: { team: shop } } }
  ingress:
    - { name: no-ops, action: Deny, from: [{ namespaces: { matchLabels: { team: ops } } }] }
`);

const ciliumDeny = (n: number): Manifest =>
  one(`
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: no-calls-${n} }
spec:
  endpointSelector: { matchLabels: { app: server-${n} } }
  ingressDeny: [{ fromEndpoints: [{ matchLabels: { role: caller, k8s:io.kubernetes.pod.namespace: ops } }] }]
`);

/** All kinds of change, in every dialect. */
export const cases: readonly ((random: Random, n: number) => CulpritCase)[] = [
  scripted((cast) => ({
    ...{ name: 'policy created', dataplane: 'kubernetes' },
    ...created(networkPolicy(`deny-${cast.n}`, { podSelector: selecting(cast.server) })),
  })),
  scripted((cast) => ({
    ...{ name: 'policy edited, another port', dataplane: 'cilium' },
    ...edit(ingressFrom(cast, FROM_OPS), ingressFrom(cast, FROM_OPS, cast.port + 1)),
  })),
  scripted((cast) => {
    const gone = ingressFrom(cast, FROM_OPS);
    const deny = networkPolicy(`deny-${cast.n}`, { podSelector: selecting(cast.server) });
    return {
      ...{ name: 'policy deleted', dataplane: 'azure-npm', objects: [deny, gone], culprit: gone },
      ...{ change: { gone: [gone] }, undo: { put: [gone] } },
    };
  }),
  scripted((cast) => ({
    ...{ name: 'label of a pod', dataplane: 'kubernetes' },
    ...edit(cast.client, labelled(cast.client, { role: 'batch' }), [
      ingressFrom(cast, { ...FROM_OPS, podSelector: { matchLabels: { role: 'caller' } } }),
    ]),
  })),
  scripted((cast) => {
    const ops = namespaceOf('ops', { team: 'ops' });
    return {
      ...{ name: 'label of a namespace', dataplane: 'azure-npm' },
      ...edit(ops, labelled(ops, { team: 'platform' }), [ingressFrom(cast, FROM_OPS)]),
    };
  }),
  scripted(({ n }) => ({
    ...{ name: 'deny rule created', dataplane: 'cilium' },
    ...created(ciliumDeny(n)),
  })),
  scripted(({ n }) => ({
    ...{ name: 'group of blocks', dataplane: 'cilium', to: OUTSIDE_IP },
    ...edit(cidrGroup(n, '203.0.113.0/24'), cidrGroup(n, '198.51.100.0/24'), [egressByGroup(n)]),
  })),
  scripted(({ n }) => ({
    ...{ name: 'default action of a tier', dataplane: 'calico' },
    ...edit(tier(n, 'Pass'), tier(n, 'Deny'), [inTier(n)]),
  })),
  scripted(({ n }) => ({
    ...{ name: 'network set', dataplane: 'calico', to: OUTSIDE_IP },
    ...edit(networkSet(n, '198.51.100.0/24'), networkSet(n, '203.0.113.0/24'), [denySet(n)]),
  })),
  scripted(({ n }) => ({
    ...{ name: 'order of policies', dataplane: 'calico' },
    ...edit(ordered(n, 300, 'Deny'), ordered(n, 100, 'Deny'), [ordered(n, 200, 'Allow')]),
  })),
  scripted(({ n }) => {
    const ip = `10.3.0.${1 + n}`;
    const old = podOf(`shop/data-${n}-0`, ip, { app: `data-${n}` });
    return {
      ...{ name: 'owner of an address', dataplane: 'calico', to: ip, culprit: old },
      objects: [old, toData(n)],
      ...{ change: { gone: [old] }, undo: { put: [old] } },
    };
  }),
  scripted(({ n }) => ({
    ...{ name: 'admin policy created', dataplane: 'kubernetes' },
    ...created(adminDeny(n)),
  })),
];
