/**
 * The policy engine on a cluster of 5,000 pods in 100 namespaces and 1,000 policies, a third of each of three dialects
 * that a Cilium cluster enforces: time to build it, to build it again with one policy changed, and connections judged
 * a second on one core, each at both ends. `node test/bench/policy.bench.ts`
 */
import type { Manifest } from '../../server/core/manifest.ts';
import { createEngineBuilder } from '../../server/policy/engine-builder.ts';
import type { Engine } from '../../server/policy/engine.ts';
import type { Connection, Dataplane } from '../../server/policy/facts.ts';
import { controlMs, print, spread } from '../support/measure.ts';

const NAMESPACES = 100;
const PODS = 5_000;
const POLICIES = 1_000;
const APPS = 10;
const JUDGED = 50_000;
const ROUNDS = 5;

const namespaceName = (at: number): string => `ns-${at % NAMESPACES}`;
const appName = (at: number): string => `app-${at % APPS}`;

const namespaces = Array.from({ length: NAMESPACES }, (_, at): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: namespaceName(at), labels: { team: `team-${at % 7}` } },
}));

const pods = Array.from({ length: PODS }, (_, at): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `pod-${at}`,
    namespace: namespaceName(at),
    labels: { app: appName(Math.floor(at / NAMESPACES)), tier: at % 2 ? 'web' : 'data' },
  },
  spec: { nodeName: `node-${at % 50}` },
  status: { podIP: `10.${at >> 14}.${(at >> 7) & 127}.${(at & 127) + 1}` },
}));

function policy(at: number): Manifest {
  const metadata = { name: `policy-${at}`, namespace: namespaceName(at) };
  const app = appName(Math.floor(at / NAMESPACES));
  const other = appName(at * 7 + 3);
  switch (at % 3) {
    case 0:
      return {
        ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata },
        spec: {
          podSelector: { matchLabels: { app } },
          policyTypes: ['Ingress'],
          ingress: [
            { from: [{ podSelector: { matchLabels: { app: other } } }], ports: [{ port: 8080 }] },
            { from: [{ namespaceSelector: { matchLabels: { team: `team-${at % 7}` } } }] },
          ],
        },
      };
    case 1:
      return {
        ...{ apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata },
        spec: {
          endpointSelector: { matchLabels: { app } },
          egress: [
            { toEndpoints: [{ matchLabels: { app: other } }] },
            { toCIDR: ['10.0.0.0/8'], toPorts: [{ ports: [{ port: '443', protocol: 'TCP' }] }] },
          ],
        },
      };
    default:
      return {
        ...{ apiVersion: 'cilium.io/v2', kind: 'CiliumClusterwideNetworkPolicy' },
        metadata: { name: metadata.name },
        spec: {
          endpointSelector: { matchLabels: { app, tier: 'web' } },
          ingressDeny: [{ fromEntities: ['world'] }],
          enableDefaultDeny: { ingress: false },
        },
      };
  }
}

const policies = Array.from({ length: POLICIES }, (_, at) => policy(at));

function connectionsOf({ world: { facts } }: Engine): readonly Connection[] {
  const parties = [...facts.pods.values()];
  return Array.from({ length: JUDGED }, (_, at): Connection => {
    const client = parties[(at * 7_919) % parties.length]!;
    const server = parties[(at * 104_729 + 13) % parties.length]!;
    return {
      ...{ client, server, clientIp: client.ips[0], serverIp: server.ips[0] },
      ...{ protocol: 'TCP', port: at % 3 === 0 ? 443 : 8080, sourcePort: 40_000 },
      ...{ icmp: undefined, http: undefined, dns: undefined, kafka: undefined, sni: undefined },
    };
  });
}

const timed = (run: () => void): number => {
  const from = performance.now();
  run();
  return performance.now() - from;
};

const builds: number[] = [];
const changes: number[] = [];
const rates: Record<Dataplane, number[]> = {
  kubernetes: [],
  cilium: [],
  calico: [],
  'azure-npm': [],
};
const verdicts: Partial<Record<Dataplane, Record<string, number>>> = {};
const all = [...namespaces, ...pods, ...policies];

for (let round = 0; round < ROUNDS; round++) {
  for (const dataplane of ['cilium', 'calico', 'azure-npm'] as const) {
    const builder = createEngineBuilder();
    let engine: Engine | undefined;
    builds.push(timed(() => (engine = builder.build(all, dataplane))));
    const changed = all.map((manifest) => (manifest === policies[0] ? { ...manifest } : manifest));
    changes.push(timed(() => builder.build(changed, dataplane)));
    const weighing = engine!;
    const connections = connectionsOf(weighing);
    const counts: Record<string, number> = {};
    const took = timed(() => {
      for (const connection of connections) {
        const { verdict } = weighing.judge({ connection, reply: 'no' });
        counts[verdict] = (counts[verdict] ?? 0) + 1;
      }
    });
    rates[dataplane].push((JUDGED / took) * 1000);
    verdicts[dataplane] = counts;
  }
}

print({ name: 'policy: engine built, ms', ...spread(builds), controlMs: controlMs() });
print({ name: 'policy: engine built again with one policy changed, ms', ...spread(changes) });
for (const dataplane of ['cilium', 'calico', 'azure-npm'] as const)
  print({
    name: `policy: connections judged a second, ${dataplane}`,
    policies: POLICIES,
    pods: PODS,
    verdicts: verdicts[dataplane],
    ...spread(rates[dataplane]),
  });
