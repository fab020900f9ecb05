import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../server/core/manifest.ts';
import { calicoPendingRules, calicoRules } from '../../../server/policy/dataplanes/calico.ts';
import { calicoTrace, type TraceHit } from '../../../server/policy/dataplanes/calico-trace.ts';
import { calicoCluster, type AskedProbe } from '../../support/calico-cluster.ts';
import { sampleLines } from '../../support/samples.ts';

type Scenario = {
  readonly id: string;
  readonly endpoints: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly ip: string;
    readonly labels: Readonly<Record<string, string>>;
  }[];
  readonly resources: readonly Manifest[];
  readonly expected: readonly {
    readonly src: string;
    readonly dst: string;
    readonly proto: string;
    readonly dst_port: number;
    readonly reporter: 'src' | 'dst';
    readonly action: 'allow' | 'deny';
    readonly enforced: readonly string[];
    readonly pending: readonly string[];
  }[];
};

const PREFIXES: Readonly<Record<string, string>> = {
  NetworkPolicy: 'np',
  GlobalNetworkPolicy: 'gnp',
  StagedNetworkPolicy: 'snp',
  StagedGlobalNetworkPolicy: 'sgnp',
  StagedKubernetesNetworkPolicy: 'sknp',
  Profile: 'pro',
};

/** As agents from 3.32 on write a hit. */
const hitText = ({ tier, kind, namespace, name, action, rule }: TraceHit, at: number): string =>
  `${at}|${tier}|${PREFIXES[kind]}:${namespace === '' ? '' : `${namespace}/`}${name}|${action}|${rule}`;

const scenarios = sampleLines('calico/trace-scenarios.jsonl').map(
  (line) => JSON.parse(line) as Scenario,
);

describe.each(scenarios)('policy lists of $id', ({ endpoints, resources, expected }) => {
  const pods = endpoints.map(({ name, namespace, ip, labels }) => ({
    name,
    namespace,
    labels,
    ips: [ip],
  }));
  const named = Object.fromEntries(pods.map((pod) => [pod.name, `${pod.namespace}/${pod.name}`]));
  const clusters = {
    enforced: calicoCluster({ pods }, resources, calicoRules),
    pending: calicoCluster({ pods }, resources, calicoPendingRules),
  };

  test.each(expected)('$src to $dst at $reporter', (flow) => {
    const probe: AskedProbe = {
      src: named[flow.src] ?? '',
      dst: named[flow.dst] ?? '',
      port: flow.dst_port,
      protocol: flow.proto.toUpperCase(),
    };
    const way = flow.reporter === 'src' ? 'egress' : 'ingress';
    const listOf = (kind: 'enforced' | 'pending'): readonly string[] | undefined => {
      const { engine, judged } = clusters[kind];
      const { connection } = judged(probe);
      return calicoTrace(engine.stages, engine.question(connection, way), kind)?.map(hitText);
    };
    expect(clusters.enforced.ask(probe)[way]?.verdict).toBe(flow.action);
    expect(listOf('enforced')).toEqual(flow.enforced);
    expect(listOf('pending')).toEqual(flow.pending);
  });
});

test('a hit of a Kubernetes policy counts the rules that Calico makes of it', () => {
  const pods = ['web', 'db', 'job'].map((name, at) => ({
    namespace: 'shop',
    name,
    labels: { app: name },
    ips: [`10.0.0.${at}`],
  }));
  const peer = (app: string): object => ({ podSelector: { matchLabels: { app } } });
  const { engine, judged } = calicoCluster({ pods }, [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'p', namespace: 'shop' },
      spec: {
        podSelector: { matchLabels: { app: 'db' } },
        ingress: [
          {
            from: [peer('cron'), peer('mail')],
            ports: [{ port: 1 }, { port: 1, protocol: 'UDP' }],
          },
          {
            from: [peer('job'), peer('web')],
            ports: [{ port: 53, protocol: 'UDP' }, { port: 80 }, { port: 53 }],
          },
        ],
      },
    },
  ]);
  const ruleOf = (src: string, port: number, protocol: string): number | undefined => {
    const { connection } = judged({ src, dst: 'shop/db', port, protocol });
    return calicoTrace(engine.stages, engine.question(connection, 'ingress'), 'enforced')?.[0]
      ?.rule;
  };
  // Four rules for the first entry; for the second TCP before UDP, and in each the peers as written.
  expect(ruleOf('shop/job', 80, 'TCP')).toBe(4);
  expect(ruleOf('shop/web', 53, 'TCP')).toBe(5);
  expect(ruleOf('shop/job', 53, 'UDP')).toBe(6);
  expect(ruleOf('shop/web', 53, 'UDP')).toBe(7);
  expect(ruleOf('shop/web', 54, 'UDP')).toBe(-1);
});
