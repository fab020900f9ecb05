import type { PolicyName } from '../../../server/core/explanation.ts';
import type { EndJson } from '../../../server/http/contract.ts';
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

/** A pod, or those of a workload, whose policies are shown. */
export type PodSubject = {
  readonly namespace: string;
  /** Empty: the workload alone is meant. */
  readonly pod: string;
  /** Stands for the pod where nobody knows that. */
  readonly workload: string;
};

/** Whose policies an address asks for. */
export function podSubject({ pod, wl }: Pick<View, 'pod' | 'wl'>): PodSubject | undefined {
  const [namespace = '', name = ''] = (pod || wl).split('/');
  if (name === '') return undefined;
  const workload = wl.startsWith(`${namespace}/`) ? wl.slice(namespace.length + 1) : '';
  return { namespace, pod: pod === '' ? '' : name, workload };
}

/** The end of a flow as a subject of policies; `undefined` for what is no pod. */
export const subjectOfEnd = ({
  namespace,
  pod,
  workload,
}: Pick<EndJson, 'namespace' | 'pod' | 'workload'>): PodSubject | undefined =>
  namespace === '' || (pod === '' && workload === '') ? undefined : { namespace, pod, workload };

/** What of a view names a subject. */
export const viewOfSubject = ({
  namespace,
  pod,
  workload,
}: PodSubject): Pick<View, 'pod' | 'wl'> => ({
  pod: pod === '' ? '' : `${namespace}/${pod}`,
  wl: workload === '' ? '' : `${namespace}/${workload}`,
});

/** The policies that select a pod as of `at`, with the range and zone of the view. */
export const podHref = (
  subject: PodSubject,
  { t, tz, at = '' }: Pick<View, 't' | 'tz'> & Partial<Pick<View, 'at'>>,
): string =>
  formatView({ ...DEFAULT_VIEW, screen: 'policies', ...viewOfSubject(subject), t, tz, at });

/** Agents before Cilium 1.17 may leave out the kind; this stands for it in the path of a page. */
const UNKNOWN_KIND = 'unknown';

/** `/policies/<kind>/<namespace, or - for what is cluster-wide>/<name>` as of `at`, with the range and zone of the view. */
export function policyHref(
  { kind, namespace, name }: PolicyName,
  { t, tz, at = '' }: Pick<View, 't' | 'tz'> & Partial<Pick<View, 'at'>>,
): string {
  const sel = [kind || UNKNOWN_KIND, namespace === '' ? '-' : namespace, name].join('/');
  return formatView({ ...DEFAULT_VIEW, screen: 'policies', sel, t, tz, at });
}
