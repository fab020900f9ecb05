import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../server/core/manifest.ts';
import { calicoPolicies } from './policy-arbitrary-calico.ts';
import { ciliumPolicies } from './policy-arbitrary-cilium.ts';
import { askedAndRecorded, WIDE_FACTS } from './policy-arbitrary-wide.ts';
import { engineOf, networkPolicies } from './policy-arbitrary.ts';
import { checkSuggestion, verdictOf, type SuggestWorld } from './suggest-check.ts';

const RUNS = 10_000;

/** Policies of Kubernetes stand beside those of the dataplane's own kinds in one set of four. */
const beside = (own: fc.Arbitrary<readonly Manifest[]>): fc.Arbitrary<readonly Manifest[]> =>
  fc.oneof(
    { weight: 3, arbitrary: own },
    {
      weight: 1,
      arbitrary: fc
        .tuple(networkPolicies({ minLength: 1 }), own)
        .map(([others, some]) => [...others, ...some]),
    },
  );

type World = SuggestWorld & {
  readonly policies: fc.Arbitrary<readonly Manifest[]>;
  /** Less of them would show little: changes for each reason to deny, and pairs that are printed. */
  readonly atLeast: Readonly<Record<string, number>>;
};

const WORLDS: readonly World[] = [
  {
    ...{ dataplane: 'kubernetes', facts: WIDE_FACTS },
    policies: networkPolicies({ minLength: 1 }),
    atLeast: { 'default-deny': 8_000, printed: 4_000 },
  },
  {
    ...{ dataplane: 'cilium', facts: WIDE_FACTS },
    policies: beside(ciliumPolicies),
    atLeast: { 'default-deny': 4_000, 'rule-deny': 1_500, printed: 4_000 },
  },
  {
    ...{ dataplane: 'calico', facts: WIDE_FACTS },
    policies: beside(calicoPolicies),
    atLeast: {
      'default-deny': 4_000,
      'rule-deny': 600,
      'tier-default-deny': 1_000,
      printed: 3_000,
    },
  },
];

/** Every reason why nothing is offered, with what helps or what is not known. */
const REFUSALS = [
  /^No rule can be written: \S+ has no label that outlives a roll-out/,
  /^A policy for \S+ alone cannot be written: pods that have the same lasting labels/,
  / denies it in spec\S+, and a deny wins over every allow: .*(?:everybody|entities|this address|this peer alone)/,
  / denies it in spec\S+, and the first rule that matches decides: .* No rule can be written:/,
];

describe('suggestions, ten thousand times', () => {
  test.each(WORLDS)(
    'of $dataplane: one allows the flow, takes nothing away, and newly allows exactly the pairs that are printed',
    ({ policies, atLeast, ...world }) => {
      const seen = new Map<string, number>();
      const count = (what: string, by = 1) => seen.set(what, (seen.get(what) ?? 0) + by);
      fc.assert(
        fc.property(policies, askedAndRecorded, (set, { asked, recorded }) => {
          fc.pre(verdictOf(engineOf(set, world.facts, world.dataplane), asked) === 'deny');
          const checked = checkSuggestion({ policies: set, asked, recorded }, world);
          if (checked.kind === 'none') {
            expect(REFUSALS.some((told) => told.test(checked.why)) ? '' : checked.why).toBe('');
            return;
          }
          count(checked.reason);
          count('printed', checked.told.length);
          expect(checked).toMatchObject({ verdict: 'allow', lost: [] });
          expect(checked.told).toEqual(checked.newly);
        }),
        { numRuns: RUNS },
      );
      for (const [what, least] of Object.entries(atLeast))
        expect([what, (seen.get(what) ?? 0) >= least, seen.get(what)]).toContain(true);
    },
    240_000,
  );
});
