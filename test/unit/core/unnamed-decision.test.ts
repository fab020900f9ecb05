import { describe, expect, test } from 'vitest';
import type { Flow, PolicyHit } from '../../../server/core/flow.ts';
import { hitCounts } from '../../../server/core/hit-counts.ts';
import { unnamedDecision, type Told } from '../../../server/core/unnamed-decision.ts';
import { ALLOWED, AUDIT } from '../../../server/core/verdict.ts';
import { aDrop, aFlow } from '../../support/flow.ts';

const CILIUM: Told = { byRetina: false, withVerdicts: true };
const WITHOUT_VERDICTS: Told = { byRetina: false, withVerdicts: false };
const RETINA: Told = { byRetina: true, withVerdicts: false };

const hit = (more: Partial<PolicyHit> = {}): PolicyHit => ({
  policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'web', tier: '' },
  ...{ direction: 'ingress', action: 'allow', stage: 'enforced', matched: 'policy', rule: -1 },
  ...more,
});
const verdict = (more: Partial<Flow> = {}): Flow =>
  aFlow({ event: 'policy-verdict', direction: 'ingress', ...more });
const DROPPED = { kind: 'dropped', reason: 'POLICY_DENIED' } as const;
const NOT_POLICY = { kind: 'dropped', reason: 'CT_MAP_INSERTION_FAILED' } as const;
const line = (more: Partial<Flow> = {}): Flow =>
  aFlow({ event: 'flow-log', direction: 'ingress', ...more });
const ENDED = {
  verdict: { kind: 'dropped', reason: 'CALICO_END_OF_TIER' },
  hits: [
    hit({ action: 'pass', matched: 'rule', rule: 2 }),
    hit({ action: 'deny', matched: 'end-of-tier' }),
  ],
} as const;

describe('a decision without a name', () => {
  test.each<[string, Flow, Told, string]>([
    ['a verdict that names nobody', verdict(), CILIUM, 'allowed ingress policy'],
    ['a default deny', verdict({ verdict: DROPPED }), CILIUM, 'denied ingress policy'],
    ['what audit mode let through', verdict({ verdict: AUDIT }), CILIUM, 'staged ingress policy'],
    ['a verdict that names its policy', verdict({ hits: [hit()] }), CILIUM, 'allowed ingress rule'],
    [
      'a drop that lists who would have let it through',
      verdict({ verdict: DROPPED, hits: [hit()] }),
      CILIUM,
      'denied ingress policy',
    ],
    [
      'a name of the other side',
      verdict({ hits: [hit({ direction: 'egress' })] }),
      CILIUM,
      'allowed ingress policy',
    ],
    [
      'a drop where no verdicts are told',
      aDrop({ direction: 'egress' }),
      WITHOUT_VERDICTS,
      'denied egress policy',
    ],
    [
      'a drop whose side nobody knows',
      aDrop({ direction: 'ingress' }),
      WITHOUT_VERDICTS,
      'denied unknown policy',
    ],
    ['a drop of Retina', aDrop({ direction: 'ingress' }), RETINA, 'denied unknown policy'],
    ['what Retina saw leave', aFlow({ reporter: 'source' }), RETINA, 'allowed egress policy'],
    ['the end of a tier', line(ENDED), CILIUM, 'denied ingress policy'],
    ['a line without policies', line(), CILIUM, 'allowed ingress policy'],
  ])('is %s', (_, flow, told, expected) => {
    const found = unnamedDecision(flow, told);
    expect(found && `${found.kind} ${found.way} ${found.open}`).toBe(expected);
  });

  test.each<[string, Flow, Told]>([
    ['a verdict whose rule is named', verdict({ hits: [hit({ rule: 0 })] }), CILIUM],
    ['a verdict that is no matter of policy', verdict({ verdict: NOT_POLICY }), CILIUM],
    ['a drop whose verdict was told', aDrop(), CILIUM],
    ['a drop that is no matter of policy', aDrop({ verdict: NOT_POLICY }), WITHOUT_VERDICTS],
    ['a packet that passed', aFlow(), WITHOUT_VERDICTS],
    ['a reply', aFlow({ reply: 'yes' }), RETINA],
    ['a packet that Retina saw nobody knows where', aFlow({ reporter: 'unknown' }), RETINA],
    ['a request', aFlow({ event: 'l7', verdict: ALLOWED }), CILIUM],
    ['a rule of Calico', line({ hits: [hit({ matched: 'rule', rule: 1 })] }), CILIUM],
    [
      'what a profile let through',
      line({
        hits: [hit({ matched: 'end-of-tier', action: 'pass' }), hit({ matched: 'profile' })],
      }),
      CILIUM,
    ],
    ['a verdict that is none', verdict({ verdict: { kind: 'unknown', wire: '99' } }), CILIUM],
  ])('is not %s', (_, flow, told) => {
    expect(unnamedDecision(flow, told)).toBeUndefined();
  });

  test('is never one that is counted as reported', () => {
    const flows = [
      ...[verdict(), verdict({ verdict: DROPPED }), verdict({ hits: [hit()] })],
      verdict({ verdict: DROPPED, hits: [hit({ action: 'deny' })] }),
      ...[line(), line({ hits: [hit({ matched: 'rule', rule: 0 })] })],
    ];
    for (const flow of flows) {
      const isReported = hitCounts(flow).length > 0;
      const open = unnamedDecision(flow, CILIUM)?.open;
      expect(open === 'policy' && isReported).toBe(false);
    }
  });
});
