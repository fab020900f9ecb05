import type { SourceJson, SourcesResponse } from '../../../server/http/contract.ts';
import { plural } from '../words/numbers.ts';

export type HealthLevel = 'good' | 'warn' | 'down' | 'none';

export type Health = {
  readonly level: HealthLevel;
  /** Fits the top bar. */
  readonly short: string;
  /** A sentence. */
  readonly words: string;
};

/** Losses so recent that what is on screen may lack them. */
const RECENT_MS = 5 * 60_000;

/** Whether a source lost events, or was unwatched, in the last five minutes. */
export function isLossy(source: SourceJson, now: number): boolean {
  return source.gaps.some((gap) => Date.parse(gap.to) > now - RECENT_MS);
}

export function sourceLevel(source: SourceJson): HealthLevel {
  switch (source.state) {
    case 'retrying':
      return 'down';
    case 'connecting':
    case 'waiting':
      return 'warn';
    case 'reading':
      return (source.nodes?.unavailable.length ?? 0) > 0 ? 'warn' : 'good';
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
