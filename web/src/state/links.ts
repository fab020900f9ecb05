import type { PolicyName } from '../../../server/core/explanation.ts';
import { absoluteText, spanOf } from './time-range.ts';
import { DEFAULT_VIEW, formatView, type View } from './url.ts';

/** What a link needs to know of the moment at which it is made. */
export type Moment = {
  /** The server's time, milliseconds since 1970. */
  readonly now: number;
  /** Newest sequence number that was shown; 0: none. */
  readonly head: number;
};

/** The change of a view after which it shows the same flows whenever it is opened. */
export function frozen({ t, asof }: View, { now, head }: Moment): Pick<View, 't' | 'asof'> {
  const span = spanOf(t, now);
  const seq = asof === '' && head > 0 ? String(head) : asof;
  if (span === undefined || !t.includes('now')) return { t, asof: seq };
  return { t: absoluteText(span.from, span.to), asof: seq };
}

export const EXPORT_FORMATS = [
  { id: 'csv', label: 'CSV', about: 'the columns on screen' },
  { id: 'ndjson', label: 'NDJSON', about: 'whole flows, one a line' },
  { id: 'json', label: 'JSON', about: 'one object with scope and completeness' },
] as const;

export type ExportFormat = (typeof EXPORT_FORMATS)[number]['id'];

/** Where the flows of a view are to be had as a file. */
export function exportHref(
  { q, t, asof, cols }: Pick<View, 'q' | 't' | 'asof' | 'cols'>,
  format: ExportFormat,
): string {
  const params = new URLSearchParams({ t });
  if (q !== '') params.set('q', q);
  if (asof !== '') params.set('asof', asof);
  if (format === 'csv') params.set('cols', cols.join(','));
  return `/api/v1/flows.${format}?${params.toString()}`;
}

/** `/policies/<kind>/<namespace, or - for what is cluster-wide>/<name>` as of `at`, with the range and zone of the view. */
export function policyHref(
  { kind, namespace, name }: PolicyName,
  { t, tz, at = '' }: Pick<View, 't' | 'tz'> & Partial<Pick<View, 'at'>>,
): string {
  const sel = [kind, namespace === '' ? '-' : namespace, name].join('/');
  return formatView({ ...DEFAULT_VIEW, screen: 'policies', sel, t, tz, at });
}
