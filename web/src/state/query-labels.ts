import type { Option } from '../../../server/query/complete.ts';
import { needsQuotes, quote } from '../../../server/query/word.ts';
import type { Api } from '../api/client.ts';
import { problemOf } from './failure.ts';

export type Side = 'from' | 'to';

export type LabelPrefix = {
  readonly side: Side | undefined;
  readonly key: string;
  readonly typed: string;
};

/** Labels of flows in the range, for completion. */
export type SeenLabels = {
  /** Keys, the most frequent first. */
  keys(side: Side | undefined): Promise<readonly string[]>;
  /** Values that begin as typed, as a query writes them, the most frequent first. */
  values(label: LabelPrefix, signal: AbortSignal): Promise<readonly Option[]>;
};

/** Labels are no column, so that nobody counts them: the newest flows stand for all. */
const SAMPLE = 200;
const KEPT_MS = 30_000;
/** What the dataplane adds on its own; wanted rarely. */
const OWN_PREFIX = 'io.';

type Counts = Map<string, Map<string, number>>;
type Sample = Readonly<Record<Side, Counts>>;

export function createSeenLabels({
  api,
  range,
  now,
}: {
  readonly api: Pick<Api, 'flows'>;
  readonly range: () => string;
  /** Milliseconds, of any origin. */
  readonly now: () => number;
}): SeenLabels {
  let kept: { readonly t: string; readonly at: number; readonly sample: Promise<Sample> };
  kept = { t: '', at: -Infinity, sample: Promise.resolve({ from: new Map(), to: new Map() }) };

  const sample = (): Promise<Sample> => {
    const t = range();
    if (kept.t !== t || now() - kept.at > KEPT_MS)
      kept = { t, at: now(), sample: readSample(api, { q: '', t }) };
    return kept.sample;
  };

  return {
    async keys(side) {
      const totals = new Map<string, number>();
      for (const counts of sidesOf(await sample(), side))
        for (const [key, values] of counts) totals.set(key, (totals.get(key) ?? 0) + sum(values));
      const rank = (key: string): number => (key.startsWith(OWN_PREFIX) ? 1 : 0);
      return [...totals]
        .sort(([a, many], [b, few]) => rank(a) - rank(b) || few - many)
        .map(([key]) => key);
    },
    async values({ side, key, typed }, signal) {
      // Asked for by prefix, so that a value that is rare among all flows is found.
      const prefix = needsQuotes(typed, 'value') ? '' : typed;
      const q = `${side === undefined ? '' : `${side}.`}${key}=${prefix}*`;
      const found = await readSample(api, { q, t: range() }, signal);
      const totals = new Map<string, number>();
      for (const counts of sidesOf(found, side))
        for (const [value, count] of counts.get(key) ?? [])
          totals.set(value, (totals.get(value) ?? 0) + count);
      return [...totals]
        .sort(([, many], [, few]) => few - many)
        .map(([value]) => ({ label: needsQuotes(value, 'value') ? quote(value) : value }));
    },
  };
}

const sidesOf = (sample: Sample, side: Side | undefined): readonly Counts[] =>
  side === undefined ? [sample.from, sample.to] : [sample[side]];

const sum = (values: ReadonlyMap<string, number>): number =>
  [...values.values()].reduce((all, count) => all + count, 0);

async function readSample(
  api: Pick<Api, 'flows'>,
  view: { readonly q: string; readonly t: string },
  signal?: AbortSignal,
): Promise<Sample> {
  const sample: Sample = { from: new Map(), to: new Map() };
  try {
    const { flows } = await api.flows({ ...view, limit: SAMPLE, order: 'newest' }, signal);
    for (const { source, destination } of flows) {
      for (const label of source.labels) count(sample.from, label);
      for (const label of destination.labels) count(sample.to, label);
    }
  } catch (error) {
    // Fields are offered without labels then; the page tells elsewhere that the server is away.
    problemOf(error);
  }
  return sample;
}

/** Counts `k8s:app=web` as `app`, `web`. A label without a value cannot be asked for by key. */
function count(counts: Counts, label: string): void {
  const match = /^(?:[^:=]*:)?([^=]+)=(.+)$/.exec(label);
  const [, key, value] = match ?? [];
  if (key === undefined || value === undefined) return;
  const values = counts.get(key) ?? new Map<string, number>();
  values.set(value, (values.get(value) ?? 0) + 1);
  counts.set(key, values);
}
