import { missingWords } from '../../../server/core/completeness-words.ts';
import { LOSS_STAGE_WORDS } from '../../../server/core/loss-stage.ts';
import type {
  CompletenessJson,
  GapJson,
  SourceCompletenessJson,
} from '../../../server/http/contract.ts';
import { formatDecimalText, plural } from './numbers.ts';
import { formatMoment, formatSpan, type Zone } from './time.ts';

const NAMED = 3;

/**
 * Why an answer without a row does not prove that nothing happened, as a sentence; empty where it is as good a proof as
 * there is. `gaps` are those of the range.
 */
export function absenceWords(
  completeness: CompletenessJson,
  gaps: readonly GapJson[],
  zone: Zone,
): string {
  switch (completeness.verdict) {
    case 'complete':
      return '';
    case 'unknown': {
      const missing = missingWords(completeness);
      return `Whether all was recorded is not known${missing === '' ? '' : `: ${missing}`}. This is no proof of absence.`;
    }
    case 'lower-bound': {
      const missing = missingWords(completeness) || 'something is missing';
      return `But ${missing}${placeWords(gaps, zone)}, so this is no proof of absence.`;
    }
  }
}

/** ` (demo-east/worker-2, between 12:04:10 and 12:06:30)` */
function placeWords(gaps: readonly GapJson[], zone: Zone): string {
  if (gaps.length === 0) return '';
  const places = [...new Set(gaps.map(({ node, origin }) => node || origin))].sort();
  const more = places.length > NAMED ? ` and ${places.length - NAMED} more` : '';
  const from = formatMoment(Math.min(...gaps.map((gap) => Date.parse(gap.from))), zone);
  const to = formatMoment(Math.max(...gaps.map((gap) => Date.parse(gap.to))), zone);
  const oneDay = from.slice(0, 10) === to.slice(0, 10);
  const [begin, end] = oneDay ? [from.slice(11), to.slice(11)] : [from, to];
  return ` (${places.slice(0, NAMED).join(', ')}${more}, between ${begin} and ${end})`;
}

const VERDICT_WORDS: Readonly<Record<CompletenessJson['verdict'], string>> = {
  complete: 'Complete',
  'lower-bound': 'Lower bound: something is missing',
  unknown: 'Not known to be complete',
};

/** One source over a day, in a line: `Lower bound: … · 98% watched · 162 lost in the kernel's ring · aggregated by 30s`. */
export function sourceCompletenessWords(source: SourceCompletenessJson, share: string): string {
  const parts = [VERDICT_WORDS[source.verdict], `${share} of the last 24h watched`];
  for (const { stage, count } of source.byStage) {
    parts.push(`${formatDecimalText(count)} lost ${LOSS_STAGE_WORDS[stage]}`);
  }
  if (source.nodeCount > 0) parts.push(`on ${plural(source.nodeCount, 'node')}`);
  if (source.rejected > 0) parts.push(`${plural(source.rejected, 'record')} not read`);
  if (source.aggregatedMs !== null) {
    const by = source.aggregatedMs === 0 ? '' : ` over up to ${formatSpan(source.aggregatedMs)}`;
    parts.push(`records are aggregates${by}`);
  }
  return parts.join(' · ');
}

const COUNTED =
  'events: an aggregated record counts as many as it stands for; one packet may give several events, such as a verdict and a drop';

/** What a figure of the header counts, in how many records where they are fewer, and what is missing from it. */
export function figureTitle(
  records: number | undefined,
  events: number | undefined,
  completeness: CompletenessJson | undefined,
): string {
  const parts = [COUNTED];
  if (records !== undefined && events !== undefined && records < events) {
    parts.push(`in ${plural(records, 'record')}`);
  }
  if (completeness?.verdict === 'lower-bound')
    parts.push(`at least: ${missingWords(completeness)}`);
  return parts.join('; ');
}
