import fc from 'fast-check';
import type {
  AddressParty,
  ClusterFacts,
  Connection,
  NodeParty,
  Party,
  PodParty,
} from '../../server/policy/facts.ts';
import { labelsOf } from '../../server/policy/labels.ts';
import { connectionOf, FACTS, NAMESPACES, OUTSIDE, pod, PORTS } from './policy-arbitrary.ts';

/**
 * A cluster with what a suggestion can trip over: pods of one workload that roll-outs tell apart, pods without a label
 * that lasts, nodes, the API server, names and addresses outside, services that change the port.
 */

const withLabels = (
  base: PodParty,
  labels: Readonly<Record<string, string>>,
  serviceAccount = 'default',
): PodParty => ({ ...base, labels: labelsOf(labels), serviceAccount });

const PODS: readonly PodParty[] = NAMESPACES.flatMap((namespace) => [
  withLabels(pod(namespace, 'x', 1), { app: 'x', 'pod-template-hash': 'h1' }),
  withLabels(pod(namespace, 'x', 2), { app: 'x', 'pod-template-hash': 'h2' }),
  withLabels(pod(namespace, 'y', 3), { app: 'y', tier: 'front' }, 'other'),
  withLabels(pod(namespace, 'y', 4), { app: 'y', tier: 'back' }, 'other'),
  withLabels(pod(namespace, 'z', 5), { 'pod-template-hash': 'h1' }),
]);

const NODES: readonly NodeParty[] = ['n0', 'n1'].map((name, at) => ({
  kind: 'node',
  name,
  labels: labelsOf({}),
  ips: [`10.9.0.${at + 1}`],
}));

const NAMED: AddressParty = { ...OUTSIDE, ip: '198.51.100.9', names: ['api.example.com'] };
const API_SERVER: AddressParty = { ...OUTSIDE, ip: '192.0.2.1', apiServer: true };

export const WIDE_FACTS: ClusterFacts = {
  ...FACTS,
  pods: new Map(PODS.map((each) => [`${each.namespace}/${each.name}`, each])),
  nodes: new Map(NODES.map((node) => [node.name, node])),
  services: NAMESPACES.map((namespace) => ({
    namespace,
    name: 'x',
    labels: labelsOf({}),
    clusterIps: [],
    selector: new Map([['app', 'x']]),
    endpoints: [],
    ports: [{ port: 443, targetPort: 80, protocol: 'TCP' }],
  })),
  apiServerIps: [API_SERVER.ip],
};

const ELSEWHERE: readonly Party[] = [OUTSIDE, NAMED, API_SERVER, ...NODES];

const ends = fc.oneof(
  { weight: 4, arbitrary: fc.record({ client: aPod(), server: aPod() }) },
  { weight: 1, arbitrary: fc.record({ client: fc.constantFrom(...ELSEWHERE), server: aPod() }) },
  { weight: 2, arbitrary: fc.record({ client: aPod(), server: fc.constantFrom(...ELSEWHERE) }) },
);

/** Pods that no rule can name are asked for seldom: there is nothing to suggest. */
function aPod(): fc.Arbitrary<Party> {
  const [nameless, named] = [true, false].map((wanted) =>
    PODS.filter(({ name }) => name.startsWith('z') === wanted),
  );
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...(named ?? [])) },
    { weight: 1, arbitrary: fc.constantFrom(...(nameless ?? [])) },
  );
}

type Asked = Pick<Connection, 'port' | 'protocol' | 'icmp'>;

const asked: fc.Arbitrary<Asked> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      port: fc.constantFrom(...PORTS),
      protocol: fc.constantFrom('TCP', 'UDP'),
      icmp: fc.constant(undefined),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant({
      port: undefined,
      protocol: 'ICMP',
      icmp: { type: 8, code: 0 },
    }),
  },
);

const wideConnection: fc.Arbitrary<Connection> = fc
  .tuple(ends, asked)
  .map(([parties, rest]) => connectionOf({ ...parties, ...rest }));

/** One connection and others that were seen, many of them near it: what a change for one may let through as well. */
export const askedAndRecorded: fc.Arbitrary<{
  readonly asked: Connection;
  readonly recorded: readonly Connection[];
}> = fc
  .tuple(
    wideConnection,
    fc.array(
      fc.tuple(
        wideConnection,
        fc.constantFrom<readonly ('client' | 'server' | 'what')[]>(
          ...([[], ['client', 'what'], ['server', 'what'], ['client', 'server']] as const),
        ),
      ),
      { maxLength: 12 },
    ),
  )
  .map(([one, others]) => ({
    asked: one,
    recorded: others.map(([other, kept]) => {
      const { port, protocol, icmp } = kept.includes('what') ? one : other;
      return connectionOf({
        client: kept.includes('client') ? one.client : other.client,
        server: kept.includes('server') ? one.server : other.server,
        ...{ port, protocol, icmp },
      });
    }),
  }));
