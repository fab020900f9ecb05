import type {
  EndExplanation,
  Explanation,
  PolicyName,
  RuleLine,
  TestLine,
} from '../../../../server/core/explanation.ts';
import { samePolicy } from './why-words.ts';

/** Rules that stand there before the others are asked for. */
const SHOWN_RULES = 3;

export type PolicyInForce = {
  readonly policy: PolicyName;
  readonly tests: readonly TestLine[];
  /** It selects the end and says nothing for its direction but that: all of it is its default. */
  readonly silent: boolean;
};

export type EndView = {
  readonly end: EndExplanation;
  /** Its sentence; empty where the headline has said it. */
  readonly sentence: string;
  /** It is not what stands in the way, so its policies are not looked at first. */
  readonly aside: boolean;
  readonly inForce: readonly PolicyInForce[];
  /** Rules that were tried, the nearest first, and those that are folded away. */
  readonly tried: readonly RuleLine[];
  readonly folded: readonly RuleLine[];
};

/** What is shown of each end, in the order in which they decided. */
export function endViews({ headline, provenance, ends }: Explanation): readonly EndView[] {
  const standsInTheWay = ends.some(({ verdict }) => verdict !== 'allow');
  return ends.map((end) => {
    const named = [...end.tried, ...end.hidden, ...end.decided].map(({ policy }) => policy);
    return {
      end,
      sentence: headline.includes(end.sentence) ? '' : end.sentence,
      aside: end.verdict === 'allow' && (standsInTheWay || provenance === 'not-policy'),
      inForce: end.selected.map((selection) => ({
        ...selection,
        silent: !named.some((policy) => samePolicy(policy, selection.policy)),
      })),
      tried: end.tried.slice(0, SHOWN_RULES),
      folded: end.tried.slice(SHOWN_RULES),
    };
  });
}

/** Whether a rule stands open: the nearest one that does not match says what would have had to differ. */
export const isOpen = (rule: RuleLine, at: number): boolean => at === 0 && rule.truth !== 'yes';

/** What the exact test that failed, or is open, found in place of what it wants; of a test that holds what it wants. */
export function testWords({ truth, expected, actual }: TestLine): string {
  if (truth === 'yes') return expected;
  const found = actual === '' ? 'nothing' : actual;
  return truth === 'no' ? `${expected} expected, ${found} found` : `${expected}: ${found}`;
}

/** A path within a policy without the rule that it is below, which stands above it. */
export const pathBelow = (path: string, rule: string): string =>
  path.startsWith(rule) ? path.slice(rule.length).replace(/^\./, '') : path;
