import fc from 'fast-check';
import type { Manifest } from '../../server/core/manifest.ts';
import { caseSettings } from '../../server/policy/cases/case-world.ts';
import { createEngine, type Engine } from '../../server/policy/engine.ts';
import type {
  AddressParty,
  ClusterFacts,
  Connection,
  Dataplane,
  Labels,
  Party,
  PodParty,
} from '../../server/policy/facts.ts';
import { labelsOf } from '../../server/policy/labels.ts';
import { compilePolicies } from '../../server/policy/policy-set.ts';
import { DATAPLANES, DIALECTS } from '../../server/policy/registry.ts';

/** A cluster that is small enough for random policies to meet its pods. */

export const NAMESPACES = ['a', 'b'];
export const APPS = ['x', 'y'];

export const pod = (namespace: string, app: string, last: number): PodParty => ({
  kind: 'pod',
  namespace,
  name: `${app}-${last}`,
  labels: labelsOf({ app }),
  ips: [`10.0.${NAMESPACES.indexOf(namespace)}.${last}`],
  ports: [{ name: 'http', port: app === 'x' ? 80 : 81, protocol: 'TCP' }],
  node: `n${last % 2}`,
  hostNetwork: false,
  serviceAccount: 'default',
});

const PODS = NAMESPACES.flatMap((namespace) => APPS.map((app, at) => pod(namespace, app, at + 1)));

const namespaceLabels: readonly [string, Labels][] = NAMESPACES.map((name) => [
  name,
  labelsOf({ team: name }),
]);

export const FACTS: ClusterFacts = {
  namespaces: new Map(namespaceLabels),
  pods: new Map(PODS.map((each) => [`${each.namespace}/${each.name}`, each])),
  nodes: new Map(),
  services: [],
  serviceAccounts: new Map(),
  dns: undefined,
  apiServerIps: [],
};

export const engineOf = (
  policies: readonly Manifest[],
  facts: ClusterFacts = FACTS,
  dataplane: Dataplane = 'kubernetes',
): Engine =>
  createEngine({
    policies: compilePolicies(policies, Object.values(DIALECTS)),
    rules: DATAPLANES[dataplane],
    world: { dataplane, facts, settings: caseSettings() },
  });

const selector = fc.oneof(
  fc.constant({}),
  fc.record({ matchLabels: fc.record({ app: fc.constantFrom(...APPS) }) }),
  fc.record({
    matchExpressions: fc.tuple(
      fc.record({
        key: fc.constantFrom('app', 'tier'),
        operator: fc.constantFrom('In', 'NotIn'),
        values: fc.constantFrom(['x'], ['x', 'y']),
      }),
    ),
  }),
);

const namespaceSelector = fc.oneof(
  fc.constant({}),
  fc.record({ matchLabels: fc.record({ team: fc.constantFrom(...NAMESPACES) }) }),
);

const peer = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector }),
  fc.record({ namespaceSelector, podSelector: selector }),
  fc.record({
    ipBlock: fc.constantFrom(
      { cidr: '10.0.0.0/8', except: ['10.0.1.0/24'] },
      { cidr: '10.0.1.2/32' },
      { cidr: '0.0.0.0/0' },
    ),
  }),
);

const port = fc.oneof(
  fc.constantFrom({}, { protocol: 'UDP' }, { port: 80 }, { port: 443 }, { port: 'http' }),
  fc.constant({ port: 80, endPort: 90 }),
);

/** A rule without its list of peers, which has another name in each way. */
const peersAndPorts = fc.record({
  peers: fc.array(peer, { maxLength: 2 }),
  ports: fc.array(port, { maxLength: 2 }),
});

export const ingressRule = peersAndPorts.map(({ peers, ports }) => ({ from: peers, ports }));
export const egressRule = peersAndPorts.map(({ peers, ports }) => ({ to: peers, ports }));

type Spec = {
  readonly podSelector: object;
  readonly policyTypes: readonly string[];
  readonly ingress: readonly object[];
  readonly egress: readonly object[];
};

/** With its types written out: without them a rule for egress would isolate. */
export type NetworkPolicy = Manifest & { readonly spec: Spec };

const draft = fc.record({
  namespace: fc.constantFrom(...NAMESPACES),
  spec: fc.record({
    podSelector: selector,
    policyTypes: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
    ingress: fc.array(ingressRule, { maxLength: 2 }),
    egress: fc.array(egressRule, { maxLength: 2 }),
  }),
});

export const networkPolicies = (lengths: {
  readonly minLength: number;
}): fc.Arbitrary<readonly NetworkPolicy[]> =>
  fc.array(draft, { maxLength: 3, ...lengths }).map((drafts) =>
    drafts.map(({ namespace, spec }, at) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: `p${at}`, namespace },
      spec,
    })),
  );

/** Isolates everything in both ways, so that a further policy can only add to what is allowed. */
export const ISOLATION: readonly Manifest[] = NAMESPACES.map((namespace) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'isolation', namespace },
  spec: { policyTypes: ['Ingress', 'Egress'] },
}));

export const OUTSIDE: AddressParty = {
  kind: 'address',
  ip: '203.0.113.7',
  names: undefined,
  apiServer: false,
};

export const PORTS = [80, 81, 85, 443];

/** One new connection; what it does not say is none. */
export const connectionOf = ({
  client,
  server,
  ...rest
}: Pick<Connection, 'client' | 'server' | 'port' | 'protocol'> &
  Partial<Connection>): Connection => ({
  client,
  server,
  clientIp: addressOf(client),
  serverIp: addressOf(server),
  sourcePort: undefined,
  icmp: undefined,
  http: undefined,
  dns: undefined,
  kafka: undefined,
  sni: undefined,
  ...rest,
});

const addressOf = (party: Party): string | undefined =>
  party.kind === 'pod' || party.kind === 'node' ? party.ips[0] : party.ip;

export const connection: fc.Arbitrary<Connection> = fc
  .record({
    client: fc.constantFrom(OUTSIDE, ...PODS),
    server: fc.constantFrom(...PODS),
    port: fc.constantFrom(...PORTS),
    protocol: fc.constantFrom('TCP', 'UDP'),
  })
  .map(connectionOf);
