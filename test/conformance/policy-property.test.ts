import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Connection, Labels, Party, PodParty } from '../../server/policy/facts.ts';
import type { Judgement } from '../../server/policy/engine.ts';
import {
  connection,
  egressRule,
  engineOf,
  FACTS,
  ingressRule,
  ISOLATION,
  networkPolicies,
  type NetworkPolicy,
} from './policy-arbitrary.ts';

const RUNS = { numRuns: 10_000 };

const judge = (policies: Parameters<typeof engineOf>[0], asked: Connection): Judgement =>
  engineOf(policies).judge({ connection: asked, reply: 'no' });

const verdicts = ({ verdict, egress, ingress }: Judgement) => ({
  verdict,
  egress: egress?.verdict,
  ingress: ingress?.verdict,
});

describe('NetworkPolicies, ten thousand times', () => {
  test('another policy for ends that are isolated never takes away what was allowed', () => {
    let allowed = 0;
    fc.assert(
      fc.property(networkPolicies({ minLength: 2 }), connection, (policies, asked) => {
        const before = judge([...ISOLATION, ...policies.slice(1)], asked);
        const after = judge([...ISOLATION, ...policies], asked);
        for (const way of ['egress', 'ingress'] as const) {
          if (before[way]?.verdict !== 'allow') continue;
          allowed++;
          expect(after[way]?.verdict).toBe('allow');
        }
      }),
      RUNS,
    );
    // Else hardly anything was there to take away.
    expect(allowed).toBeGreaterThan(1_000);
  });

  test('a policy that selects neither end changes nothing when it goes', () => {
    fc.assert(
      fc.property(networkPolicies({ minLength: 1 }), connection, (policies, asked) => {
        const before = judge(policies, asked);
        const applying = new Set(
          [before.egress, before.ingress].flatMap((end) =>
            (end?.selectedBy ?? []).map(({ manifest }) => manifest),
          ),
        );
        const after = judge(
          policies.filter((policy) => applying.has(policy)),
          asked,
        );
        expect(verdicts(after)).toEqual(verdicts(before));
      }),
      RUNS,
    );
  });

  test('a rule more never turns what was allowed into a deny', () => {
    let allowed = 0;
    fc.assert(
      fc.property(
        networkPolicies({ minLength: 1 }),
        ingressRule,
        egressRule,
        connection,
        (policies, ingress, egress, asked) => {
          const [first, ...others] = policies;
          if (first === undefined) return;
          const before = judge(policies, asked);
          const after = judge([withRules(first, ingress, egress), ...others], asked);
          for (const way of ['egress', 'ingress'] as const) {
            if (before[way]?.verdict !== 'allow') continue;
            allowed++;
            expect(after[way]?.verdict).toBe('allow');
          }
        },
      ),
      RUNS,
    );
    expect(allowed).toBeGreaterThan(1_000);
  });

  test('a fact that is not known only ever leaves the answer open', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        networkPolicies({ minLength: 1 }),
        connection,
        fc.constantFrom(...FORGETTING),
        (policies, asked, forget) => {
          const known = judge(policies, asked).verdict;
          const { connection: less, facts = FACTS } = forget(asked);
          const answer = engineOf(policies, facts).judge({ connection: less, reply: 'no' });
          seen.add(`${known} ${answer.verdict}`);
          expect([known, 'undetermined']).toContain(answer.verdict);
        },
      ),
      RUNS,
    );
    // Else nothing was forgotten.
    expect([...seen]).toEqual(expect.arrayContaining(['allow undetermined', 'deny undetermined']));
  });
});

function withRules(policy: NetworkPolicy, ingress: object, egress: object): NetworkPolicy {
  const { spec } = policy;
  return {
    ...policy,
    spec: { ...spec, ingress: [...spec.ingress, ingress], egress: [...spec.egress, egress] },
  };
}

type Forgotten = { readonly connection: Connection; readonly facts?: typeof FACTS };
type Forget = (asked: Connection) => Forgotten;

const forgotten = (labels: Labels): Labels => ({ ...labels, known: new Map(), complete: false });

const changed =
  (end: 'client' | 'server', change: (pod: PodParty) => PodParty): Forget =>
  (asked) => {
    const party: Party = asked[end];
    // A pod with itself is one pod, whatever is forgotten of it.
    const isOne = asked.client === asked.server;
    if (party.kind !== 'pod') return { connection: asked };
    const less = change(party);
    return {
      connection: isOne ? { ...asked, client: less, server: less } : { ...asked, [end]: less },
    };
  };

const FORGETTING: readonly Forget[] = [
  (asked) => ({ connection: { ...asked, port: undefined } }),
  (asked) => ({ connection: { ...asked, protocol: '' } }),
  (asked) => ({ connection: { ...asked, clientIp: undefined, serverIp: undefined } }),
  (asked) => ({ connection: asked, facts: { ...FACTS, namespaces: new Map() } }),
  changed('client', (pod) => ({ ...pod, labels: forgotten(pod.labels) })),
  changed('server', (pod) => ({ ...pod, labels: forgotten(pod.labels) })),
  changed('server', (pod) => ({ ...pod, ports: undefined })),
  changed('client', (pod) => ({ ...pod, hostNetwork: undefined })),
  changed('server', (pod) => ({ ...pod, hostNetwork: undefined, node: undefined })),
];
