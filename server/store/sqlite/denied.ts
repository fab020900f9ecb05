import type { Flow } from '../../core/flow.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { ColumnTest, Condition } from '../../query/compile.ts';

/** Flows that the drops set holds: dropped, let through by audit mode only, or denied by a staged policy. */
export const isDenied = ({ verdict, hits }: Pick<Flow, 'verdict' | 'hits'>): boolean =>
  isDeniedVerdict(verdict) ||
  hits.some(({ stage, action }) => stage === 'pending' && action === 'deny');

const isDeniedVerdict = ({ kind }: Verdict): boolean => kind === 'dropped' || kind === 'audit';

/** Whether a test can pass, and whether it can fail. */
type Outcome = { readonly pass: boolean; readonly fail: boolean };

const EITHER: Outcome = { pass: true, fail: true };

/**
 * True only where every flow that matches is denied by its verdict: of the others, whatever else they say, none
 * can match. Verdicts that do not deny are few but for the words of unknown ones; a test that looks at such a word
 * may answer either way.
 */
export function impliesDenied(condition: Condition): boolean {
  return OTHER_VERDICTS.every((verdict) => !outcome(condition, verdict).pass);
}

type Probe = { readonly verdict: Verdict; readonly lookedInside: () => boolean };

const OTHER_VERDICTS: readonly (() => Probe)[] = [
  () => ({ verdict: { kind: 'allowed' }, lookedInside: () => false }),
  () => ({ verdict: { kind: 'error' }, lookedInside: () => false }),
  () => {
    let looked = false;
    const verdict: Verdict = {
      kind: 'unknown',
      get wire() {
        looked = true;
        return '';
      },
    };
    return { verdict, lookedInside: () => looked };
  },
];

function outcome(condition: Condition, probe: () => Probe): Outcome {
  switch (condition.kind) {
    case 'all':
      return { pass: true, fail: false };
    case 'and': {
      const parts = condition.of.map((part) => outcome(part, probe));
      return { pass: parts.every(({ pass }) => pass), fail: parts.some(({ fail }) => fail) };
    }
    case 'or': {
      const parts = condition.of.map((part) => outcome(part, probe));
      return { pass: parts.some(({ pass }) => pass), fail: parts.every(({ fail }) => fail) };
    }
    case 'not': {
      const { pass, fail } = outcome(condition.of, probe);
      return { pass: fail, fail: pass };
    }
    case 'test':
      return condition.column === 'verdict' ? verdictOutcome(condition, probe()) : EITHER;
  }
}

function verdictOutcome({ test }: ColumnTest, { verdict, lookedInside }: Probe): Outcome {
  const pass = test(verdict);
  return lookedInside() ? EITHER : { pass, fail: !pass };
}
