import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../server/core/manifest.ts';
import type { EngineBuilder } from '../../server/policy/engine-builder.ts';
import type { Connection, Dataplane } from '../../server/policy/facts.ts';
import type { Family } from '../../server/policy/form.ts';
import { withRules } from '../../server/policy/recommend/draft-manifest.ts';
import type { Wanted } from '../../server/policy/recommend/draft.ts';
import { recommend, type Recommendation } from '../../server/policy/recommend/recommend.ts';
import { calicoPolicies } from './policy-arbitrary-calico.ts';
import { ciliumPolicies } from './policy-arbitrary-cilium.ts';
import {
  connection,
  engineOf,
  FACTS,
  ISOLATION,
  NAMESPACES,
  networkPolicies,
} from './policy-arbitrary.ts';

const RUNS = 1_000;
const WAYS = ['ingress', 'egress'] as const;

type World = {
  readonly dataplane: Dataplane;
  readonly family: Family;
  readonly policies: fc.Arbitrary<readonly Manifest[]>;
};

const WORLDS: readonly World[] = [
  { dataplane: 'kubernetes', family: 'k8s', policies: networkPolicies({ minLength: 0 }) },
  {
    dataplane: 'cilium',
    family: 'cilium',
    policies: fc.oneof(fc.constant([]), ciliumPolicies),
  },
  {
    dataplane: 'calico',
    family: 'calico',
    policies: fc.oneof(fc.constant([]), calicoPolicies),
  },
];

const builder: EngineBuilder = {
  build: (manifests, dataplane) => engineOf(manifests, FACTS, dataplane),
};

const recorded = fc.array(connection, { minLength: 1, maxLength: 14 });

/** What passes by the policies that are there, as records of an allowed flow tell. */
function wantedOf(
  connections: readonly Connection[],
  policies: readonly Manifest[],
  dataplane: Dataplane,
): readonly Wanted<number>[] {
  const engine = engineOf(policies, FACTS, dataplane);
  return connections
    .map((each, of) => ({ judged: { connection: each, reply: 'no' as const }, of }))
    .filter(({ judged }) => engine.judge(judged).verdict === 'allow');
}

const recommended = (
  policies: readonly Manifest[],
  wanted: readonly Wanted<number>[],
  { dataplane, family }: World,
): Recommendation<number> =>
  recommend({
    ...{ manifests: policies, isolating: ISOLATION, wanted, family, dataplane, builder },
    ...{ namespaces: NAMESPACES, ways: WAYS },
  });

const textOf = ({ drafts }: Recommendation<number>): string =>
  JSON.stringify(drafts.map(({ manifest }) => manifest));

describe('recommended policies, of a thousand random clusters', () => {
  test.each(WORLDS)(
    'in $family: they deny nothing that was recorded, and no rule of theirs can be left out',
    (world) => {
      const { dataplane, policies } = world;
      let rules = 0;
      fc.assert(
        fc.property(policies, recorded, (present, connections) => {
          const wanted = wantedOf(connections, present, dataplane);
          const { drafts, open, engine } = recommended(present, wanted, world);
          const told = new Set(open.map(({ of }) => of));
          const passes = (of: number, by = engine): boolean =>
            wanted.every((each) => each.of !== of || by.judge(each.judged).verdict === 'allow');
          for (const { of } of wanted) expect(passes(of)).toBe(!told.has(of));

          for (const draft of drafts)
            for (const way of WAYS)
              for (const [at, rule] of draft.rules[way].entries()) {
                rules += 1;
                const fewer = drafts.map((each) =>
                  each === draft ? withRules(draft, way, draft.rules[way].toSpliced(at, 1)) : each,
                );
                const without = engineOf(
                  [...present, ...ISOLATION, ...fewer.map(({ manifest }) => manifest)],
                  FACTS,
                  dataplane,
                );
                expect(rule.for.filter((of) => passes(of)).some((of) => !passes(of, without))).toBe(
                  true,
                );
              }
        }),
        { numRuns: RUNS },
      );
      expect(rules).toBeGreaterThan(1_000);
    },
    120_000,
  );

  test.each(WORLDS)('in $family: they do not depend on the order of the records', (world) => {
    fc.assert(
      fc.property(world.policies, recorded, (present, connections) => {
        const wanted = wantedOf(connections, present, world.dataplane);
        const one = recommended(present, wanted, world);
        const other = recommended(present, wanted.toReversed(), world);
        expect(textOf(other)).toBe(textOf(one));
      }),
      { numRuns: 200 },
    );
  });
});
