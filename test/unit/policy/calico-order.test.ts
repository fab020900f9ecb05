import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../server/core/manifest.ts';
import { calico, decided, tier } from '../../support/calico-tiers.ts';

const anyRule = fc.record({
  action: fc.constantFrom('Allow', 'Deny', 'Pass', 'Log'),
  protocol: fc.constantFrom('TCP', 'UDP'),
});
const anyPolicy = fc.record({
  order: fc.integer({ min: 0, max: 3 }),
  tier: fc.constantFrom('default', 'first', 'missing'),
  ingress: fc.array(anyRule, { maxLength: 2 }),
  selector: fc.constantFrom("app == 'db'", "app == 'web'", 'all()'),
});
const anyPolicies = fc.array(anyPolicy, { minLength: 1, maxLength: 5 });
const FIRST = tier('first', { order: 1 });

const verdictOf = (policies: readonly Manifest[]): string => decided([FIRST, ...policies]);

describe('order and name matter only as documented, in 10,000 sets of policies', () => {
  test('the sequence in which policies are given means nothing', () => {
    fc.assert(
      fc.property(
        anyPolicies.chain((specs) => {
          const named = specs.map((spec, at) => calico(`p${at}`, spec));
          return fc.tuple(
            fc.constant(named),
            fc.shuffledSubarray(named, { minLength: named.length }),
          );
        }),
        ([policies, shuffled]) => {
          expect(verdictOf(shuffled)).toBe(verdictOf(policies));
        },
      ),
      { numRuns: 10_000 },
    );
  });

  test('names mean nothing where orders differ', () => {
    fc.assert(
      fc.property(anyPolicies, (specs) => {
        const ordered = specs.map((spec, at) => ({ ...spec, order: at }));
        const one = ordered.map((spec, at) => calico(`p${at}`, spec));
        const other = ordered.map((spec, at) => calico(`p${9 - at}`, spec));
        expect(verdictOf(other)).toBe(verdictOf(one));
      }),
      { numRuns: 10_000 },
    );
  });

  test('equal orders are settled by name, as if the names were orders', () => {
    fc.assert(
      fc.property(anyPolicies, (specs) => {
        const named = specs.map((spec, at) => calico(`p${at}`, { ...spec, order: 7 }));
        const ordered = specs.map((spec, at) => calico(`p${9 - at}`, { ...spec, order: at }));
        expect(verdictOf(named)).toBe(verdictOf(ordered));
      }),
      { numRuns: 10_000 },
    );
  });

  test('orders are compared within a tier only', () => {
    fc.assert(
      fc.property(anyPolicies, fc.integer({ min: -9, max: 9 }), (specs, shift) => {
        const one = specs.map((spec, at) => calico(`p${at}`, spec));
        const other = specs.map((spec, at) =>
          calico(`p${at}`, { ...spec, order: spec.order + (spec.tier === 'first' ? shift : 0) }),
        );
        expect(verdictOf(other)).toBe(verdictOf(one));
      }),
      { numRuns: 10_000 },
    );
  });
});
