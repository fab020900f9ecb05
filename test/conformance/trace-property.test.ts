import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pathText, type Manifest } from '../../server/core/manifest.ts';
import type { PodParty } from '../../server/policy/facts.ts';
import { traceEnd } from '../../server/policy/trace.ts';
import { connection, engineOf, FACTS, networkPolicies } from './policy-arbitrary.ts';

const RUNS = { numRuns: 10_000 };

type Dialect = 'kubernetes' | 'cilium' | 'calico';

type Leaf = 'namespace' | 'labels' | 'port' | 'protocol';

type Values = {
  readonly namespace: string;
  readonly app: string;
  readonly port: number;
  readonly protocol: string;
};

const appOf = ({ labels }: PodParty): string => labels.known.get('app') ?? '';

/** A policy of the server that admits what has these values, and where each of them stands. */
function admitting(
  dialect: Dialect,
  server: PodParty,
  { namespace, app, port, protocol }: Values,
): { readonly policy: Manifest; readonly at: Readonly<Record<Leaf, string>> } {
  const metadata = { name: 'admitting', namespace: server.namespace };
  const rule = 'spec.ingress[0]';
  switch (dialect) {
    case 'kubernetes':
      return {
        policy: {
          ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata },
          spec: {
            podSelector: { matchLabels: { app: appOf(server) } },
            ingress: [
              {
                from: [
                  {
                    namespaceSelector: { matchLabels: { team: namespace } },
                    podSelector: { matchLabels: { app } },
                  },
                ],
                ports: [{ port, protocol }],
              },
            ],
          },
        },
        at: {
          namespace: `${rule}.from[0].namespaceSelector.matchLabels.team`,
          labels: `${rule}.from[0].podSelector.matchLabels.app`,
          port: `${rule}.ports[0].port`,
          protocol: `${rule}.ports[0].protocol`,
        },
      };
    case 'cilium':
      return {
        policy: {
          ...{ apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata },
          spec: {
            endpointSelector: { matchLabels: { app: appOf(server) } },
            ingress: [
              {
                fromEndpoints: [
                  { matchLabels: { 'k8s:io.kubernetes.pod.namespace': namespace, app } },
                ],
                toPorts: [{ ports: [{ port: String(port), protocol }] }],
              },
            ],
          },
        },
        at: {
          namespace: `${rule}.fromEndpoints[0].matchLabels.k8s:io.kubernetes.pod.namespace`,
          labels: `${rule}.fromEndpoints[0].matchLabels.app`,
          port: `${rule}.toPorts[0].ports[0].port`,
          protocol: `${rule}.toPorts[0].ports[0].protocol`,
        },
      };
    case 'calico':
      return {
        policy: {
          ...{ apiVersion: 'projectcalico.org/v3', kind: 'NetworkPolicy' },
          metadata: { ...metadata, name: 'default.admitting' },
          spec: {
            tier: 'default',
            selector: `app == '${appOf(server)}'`,
            types: ['Ingress'],
            ingress: [
              {
                action: 'Allow',
                protocol,
                source: {
                  namespaceSelector: `team == '${namespace}'`,
                  selector: `app == '${app}'`,
                },
                destination: { ports: [port] },
              },
            ],
          },
        },
        at: {
          namespace: `${rule}.source.namespaceSelector`,
          labels: `${rule}.source.selector`,
          port: `${rule}.destination.ports[0]`,
          protocol: `${rule}.protocol`,
        },
      };
  }
}

const OTHER: Readonly<Record<Leaf, Partial<Values>>> = {
  namespace: { namespace: 'elsewhere' },
  labels: { app: 'another' },
  port: { port: 9_999 },
  protocol: { protocol: 'SCTP' },
};

describe('mutations, ten thousand times', () => {
  test('of a rule that matches, one clause made wrong is the one that the trace names', () => {
    let checked = 0;
    fc.assert(
      fc.property(
        fc.constantFrom<Dialect[]>('kubernetes', 'cilium', 'calico'),
        fc.constantFrom<Leaf[]>('namespace', 'labels', 'port', 'protocol'),
        networkPolicies({ minLength: 0 }),
        connection,
        (dialect, leaf, others, asked) => {
          const { client, server, port = 0, protocol } = asked;
          fc.pre(client.kind === 'pod' && server.kind === 'pod' && client !== server);
          // A policy of Calico comes before those of Kubernetes, whichever they are.
          const right = { namespace: client.namespace, app: appOf(client), port, protocol };
          const sound = admitting(dialect, server, right);
          const wrong = admitting(dialect, server, { ...right, ...OTHER[leaf] });
          const traceOf = (policy: Manifest) => {
            const engine = engineOf([policy, ...others], FACTS, dialect);
            const trace = traceEnd(engine, engine.question(asked, 'ingress'));
            return trace?.tried.find((rule) => rule.policy.ref.name === policy.metadata.name);
          };
          expect(traceOf(sound.policy)?.truth).toBe('yes');
          const rule = traceOf(wrong.policy);
          const failing = rule?.clauses.filter(({ truth }) => truth !== 'yes') ?? [];
          expect(failing).toHaveLength(1);
          const tests = failing[0]?.options[0]?.predicates.filter(({ truth }) => truth === 'no');
          expect(tests?.map(({ path }) => pathText(path))).toEqual([wrong.at[leaf]]);
          checked++;
        },
      ),
      RUNS,
    );
    expect(checked).toBeGreaterThanOrEqual(10_000);
  }, 240_000);
});
