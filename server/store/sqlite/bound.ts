import type { Verdict } from '../../core/verdict.ts';
import type { ColumnTest, Condition } from '../../query/compile.ts';
import type { BlockHeader } from './block-set.ts';

/** Verdicts that are known whole from a header; of the others a header lacks the reason or the word. */
const PLAIN_VERDICTS: readonly Verdict[] = [
  { kind: 'allowed' },
  { kind: 'audit' },
  { kind: 'error' },
];

/**
 * What a header alone says about a condition: every row matches, none does, or the columns must be read.
 */
export function bound(condition: Condition, header: BlockHeader): 'all' | 'none' | 'some' {
  switch (condition.kind) {
    case 'all':
      return 'all';
    case 'and': {
      const parts = condition.of.map((part) => bound(part, header));
      if (parts.includes('none')) return 'none';
      return parts.every((part) => part === 'all') ? 'all' : 'some';
    }
    case 'or': {
      const parts = condition.of.map((part) => bound(part, header));
      if (parts.includes('all')) return 'all';
      return parts.every((part) => part === 'none') ? 'none' : 'some';
    }
    case 'not': {
      const part = bound(condition.of, header);
      return part === 'all' ? 'none' : part === 'none' ? 'all' : 'some';
    }
    case 'test':
      return condition.column === 'verdict' ? boundVerdict(condition, header) : 'some';
  }
}

function boundVerdict({ test }: ColumnTest, { verdicts }: BlockHeader): 'all' | 'none' | 'some' {
  if (verdicts.dropped > 0 || verdicts.unknown > 0) return 'some';
  const results = PLAIN_VERDICTS.filter(({ kind }) => verdicts[kind] > 0).map((verdict) =>
    test(verdict),
  );
  if (results.every((result) => result)) return 'all';
  return results.some((result) => result) ? 'some' : 'none';
}
