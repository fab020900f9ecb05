import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pathText, type Manifest } from '../../server/core/manifest.ts';
import { caseSettings } from '../../server/policy/cases/case-world.ts';
import { createEngine, type Engine } from '../../server/policy/engine.ts';
import type { EngineBuilder } from '../../server/policy/engine-builder.ts';
import type { Connection, Judged, Party, PodParty } from '../../server/policy/facts.ts';
import { compilePolicies } from '../../server/policy/policy-set.ts';
import { DATAPLANES, DIALECTS } from '../../server/policy/registry.ts';
import { newlyAllowed } from '../../server/policy/suggest/newly-allowed.ts';
import { suggest } from '../../server/policy/suggest/suggest.ts';
import { traceEnd } from '../../server/policy/trace.ts';
import { connection, engineOf, FACTS, networkPolicies } from './policy-arbitrary.ts';

const RUNS = { numRuns: 10_000 };

const judgedOf = (asked: Connection): Judged => ({ connection: asked, reply: 'no' });
const verdictOf = (engine: Engine, asked: Connection) => engine.judge(judgedOf(asked)).verdict;

const BUILDER: EngineBuilder = { build: (manifests) => engineOf(manifests) };

const namespaceOf = (party: Party): string => (party.kind === 'pod' ? party.namespace : '');

/** As drops are looked up: those with an end in the namespace of either end. */
const isNear = (other: Connection, { client, server }: Connection): boolean => {
  const namespaces = [client, server].map(namespaceOf).filter((name) => name !== '');
  return [other.client, other.server].some((party) => namespaces.includes(namespaceOf(party)));
};

const keyOf = ({ client, server, port, protocol }: Connection): string =>
  [client, server, port, protocol].map((part) => JSON.stringify(part, textOfMaps)).join(' ');

const textOfMaps = (_: string, value: unknown): unknown =>
  value instanceof Map ? [...(value as Map<string, string>)] : value;

describe('suggestions, ten thousand times', () => {
  test('one allows the flow, takes nothing away, and newly allows exactly the pairs that are printed', () => {
    let [suggested, printed] = [0, 0];
    fc.assert(
      fc.property(
        networkPolicies({ minLength: 1 }),
        connection,
        fc.array(connection, { maxLength: 12 }),
        (policies, asked, recorded) => {
          const engine = engineOf(policies);
          fc.pre(verdictOf(engine, asked) === 'deny');
          const found = suggest({
            ...{ manifests: policies, engine, builder: BUILDER },
            judged: judgedOf(asked),
          });
          if (found.kind === 'none') return;
          suggested++;
          const told = newlyAllowed(
            recorded.filter((other) => isNear(other, asked)),
            judgedOf,
            { before: engine, after: found.engine },
          );
          printed += told.length;

          // What a cluster would do with the manifests as they are printed.
          const befores = new Set(found.parts.map(({ before }) => before));
          const changed = engineOf([
            ...policies.filter((policy) => !befores.has(policy)),
            ...found.parts.filter(({ after }) => !befores.has(after)).map(({ after }) => after),
          ]);
          expect(verdictOf(changed, asked)).toBe('allow');
          const really = recorded.filter(
            (other) =>
              verdictOf(changed, other) === 'allow' && verdictOf(engine, other) !== 'allow',
          );
          expect(told.map(keyOf)).toEqual(really.map(keyOf));
          const lost = recorded.filter(
            (other) =>
              verdictOf(engine, other) === 'allow' && verdictOf(changed, other) !== 'allow',
          );
          expect(lost).toEqual([]);
        },
      ),
      RUNS,
    );
    // Else there was hardly anything to suggest, or to print.
    expect(suggested).toBeGreaterThan(5_000);
    expect(printed).toBeGreaterThan(1_000);
  }, 240_000);
});

type Dialect = 'kubernetes' | 'cilium' | 'calico';

type Leaf = 'namespace' | 'labels' | 'port' | 'protocol';

const engineIn = (dataplane: Dialect, policies: readonly Manifest[]): Engine =>
  createEngine({
    policies: compilePolicies(policies, Object.values(DIALECTS)),
    rules: DATAPLANES[dataplane],
    world: { dataplane, facts: FACTS, settings: caseSettings() },
  });

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
            const engine = engineIn(dialect, [policy, ...others]);
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
