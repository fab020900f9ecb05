import type { AttributionJson } from '../../../server/http/contract.ts';
import { formatCount } from './numbers.ts';
import { formatAge } from './time.ts';

const WHY_WORDS: Readonly<Record<string, string>> = {
  undecided: 'a fact is missing that would decide it',
  'no-snapshot': 'no policies of that time are known',
  conflict: 'the policies that are known decide otherwise',
  changed: 'policies or pods changed in that minute',
};

/** `evaluated up to 12s ago`. */
export const evaluatedUntil = ({ until }: AttributionJson, now: number): string =>
  until === null ? 'nothing is evaluated yet' : `evaluated up to ${formatAge(until, now)} ago`;

/** `1,204 decisions not attributed`; empty where all are. */
export function notAttributed({ unattributed }: AttributionJson): string {
  const { allowed, denied, staged } = unattributed;
  const count = allowed + denied + staged;
  if (count === 0) return '';
  return `${formatCount(count)} ${count === 1 ? 'decision' : 'decisions'} not attributed`;
}

/** One line a reason, for the title. */
export const notAttributedWhy = ({ unattributed }: AttributionJson): string =>
  unattributed.why
    .map(({ why, count }) => `${formatCount(count)}: ${WHY_WORDS[why] ?? why}`)
    .join('\n');
