import { LOSS_STAGE_WORDS, type LossStage } from './loss-stage.ts';

/** What the words below are made of; domain and JSON both fit. */
export type Incomplete = {
  readonly verdict: 'complete' | 'lower-bound' | 'unknown';
  readonly watched: number;
  readonly gaps: number;
  readonly rejected: number;
  readonly lost: bigint | string;
  /** Set, in any form, where the range reaches to what retention removed. */
  readonly removedBefore: bigint | string | null | undefined;
  readonly sources: readonly {
    readonly byStage: readonly { readonly stage: LossStage; readonly count: bigint | string }[];
  }[];
};

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

const counted = (count: number | bigint, one: string): string =>
  `${WHOLE.format(count)} ${one}${BigInt(count) === 1n ? '' : 's'}`;

/** `98%`; never the whole where something is missing, nor nothing where something is there. */
export function shareWords(share: number): string {
  if (share >= 1) return '100%';
  if (share <= 0) return '0%';
  const percent = Math.min(99.9, Math.max(0.1, share * 100));
  return percent >= 10 && percent < 99 ? `${Math.floor(percent)}%` : `${percent.toFixed(1)}%`;
}

/** What is missing: `162 events were lost in the kernel's ring; 98% of the time was watched`. Empty when nothing is. */
export function missingWords(completeness: Incomplete): string {
  const { watched, gaps, rejected } = completeness;
  const lost = BigInt(completeness.lost);
  const stages = [
    ...new Set(completeness.sources.flatMap(({ byStage }) => byStage.map(({ stage }) => stage))),
  ];
  const parts: string[] = [];
  const { removedBefore } = completeness;
  if (removedBefore !== null && removedBefore !== undefined) {
    parts.push('retention removed the oldest part');
  }
  if (lost > 0n) {
    const where = stages.map((stage) => LOSS_STAGE_WORDS[stage]).join(' and ');
    parts.push(`${counted(lost, 'event')} ${lost === 1n ? 'was' : 'were'} lost ${where}`.trim());
  } else if (gaps > 0) parts.push(`there ${gaps === 1 ? 'is' : 'are'} ${counted(gaps, 'gap')}`);
  if (watched < 1) parts.push(`${shareWords(watched)} of the time was watched`);
  if (rejected > 0) parts.push(`${counted(rejected, 'record')} could not be read`);
  return parts.join('; ');
}
