import type { GapJson, SourceJson, SourcesResponse } from '../../../server/http/contract.ts';
import { plural } from '../words/numbers.ts';
import { joinGaps } from './gaps.ts';
import type { Span } from './time-range.ts';

export type HealthLevel = 'good' | 'warn' | 'down' | 'none';

export type Health = {
  readonly level: HealthLevel;
  /** Fits the top bar. */
  readonly short: string;
  /** A sentence. */
  readonly words: string;
};

/** What is missing from a range of time. */
export type Losses = {
  /** Each origin once. */
  readonly origins: readonly string[];
  /** How many, where those that nearly touch count as one. */
  readonly gaps: number;
  /** Lost events that somebody counted; decimal text, since sources count in uint64. */
  readonly count: string;
  /** Ends of the stretch from the first loss to the last, inside the range; milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
};

/** What gaps take from a range; `undefined` when they leave it whole. A count is of the whole gap. */
export function lossesIn(gaps: readonly GapJson[], range: Span): Losses | undefined {
  const inside = gaps.filter(
    (gap) => Date.parse(gap.to) > range.from && Date.parse(gap.from) < range.to,
  );
  if (inside.length === 0) return undefined;
  return {
    origins: [...new Set(inside.map(({ origin }) => origin))].sort(),
    gaps: joinGaps(inside).length,
    count: inside.reduce((sum, { count }) => sum + BigInt(count ?? '0'), 0n).toString(),
    from: Math.max(range.from, Math.min(...inside.map((gap) => Date.parse(gap.from)))),
    to: Math.min(range.to, Math.max(...inside.map((gap) => Date.parse(gap.to)))),
  };
}

/** Whether a source that is not connected now was away during the range, as far as is known. */
export const isDownIn = (
  { state, stateSince }: Pick<SourceJson, 'state' | 'stateSince'>,
  range: Span,
): boolean => (state === 'retrying' || state === 'refused') && Date.parse(stateSince) < range.to;

export function sourceLevel(source: SourceJson): HealthLevel {
  switch (source.state) {
    case 'retrying':
    case 'refused':
      return 'down';
    case 'connecting':
    case 'waiting':
      return 'warn';
    case 'reading':
      return (source.nodes?.unavailable.length ?? 0) > 0 || source.skew !== null ? 'warn' : 'good';
    case 'done':
      return 'good';
  }
}

/** All sources in a word and a sentence: whether what is seen can be trusted. */
export function sourceHealth(answer: SourcesResponse | undefined, failed: boolean): Health {
  if (answer === undefined)
    return failed
      ? { level: 'down', short: 'No server', words: 'The server does not answer.' }
      : { level: 'none', short: 'Sources', words: 'Not known yet.' };
  const { sources } = answer;
  if (failed)
    return { level: 'down', short: 'No server', words: 'The server does not answer any more.' };
  if (sources.length === 0)
    return { level: 'none', short: 'No source', words: 'No source is configured.' };
  const down = sources.filter((source) => sourceLevel(source) === 'down');
  const warned = sources.filter((source) => sourceLevel(source) === 'warn');
  const good = sources.length - down.length - warned.length;
  const names = [...down, ...warned].map((source) => source.name).join(', ');
  const short = `${good}/${sources.length} ${sources.length === 1 ? 'source' : 'sources'}`;
  if (down.length > 0)
    return { level: 'down', short, words: `${plural(down.length, 'source')} down: ${names}.` };
  if (warned.length > 0) return { level: 'warn', short, words: `Needs a look: ${names}.` };
  return { level: 'good', short, words: 'All sources are read.' };
}
