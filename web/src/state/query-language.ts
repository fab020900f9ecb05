import { type Completions, completions, type Option } from '../../../server/query/complete.ts';
import type { QueryError } from '../../../server/query/failure.ts';
import { parseQuery } from '../../../server/query/parse.ts';
import { needsQuotes, quote } from '../../../server/query/word.ts';
import type { Api } from '../api/client.ts';
import { formatCount } from '../words/numbers.ts';
import { problemOf } from './failure.ts';
import { createSeenLabels, type SeenLabels } from './query-labels.ts';

/** What is wrong with a query; `undefined` when it can be read. */
export function checkQuery(text: string): QueryError | undefined {
  const parsed = parseQuery(text);
  return parsed.ok ? undefined : parsed.error;
}

export type Suggestions = {
  /** Half-open span that a chosen option replaces. */
  readonly from: number;
  readonly to: number;
  readonly options: readonly Option[];
};

export type Complete = (
  text: string,
  cursor: number,
  signal: AbortSignal,
) => Promise<Suggestions | undefined>;

/** Read, so that one that is rare but begins as typed is found; and offered. */
const VALUES_READ = 500;
const VALUES = 20;

/** Labels come after the fields, so few that the fields stay in sight. */
const LABELS = 12;

/** Suggests fields and labels, then values that were seen in the range with their counts. */
export function createCompletion({
  api,
  range,
}: {
  readonly api: Pick<Api, 'flows' | 'summary'>;
  readonly range: () => string;
}): Complete {
  const labels = createSeenLabels({ api, range, now: () => performance.now() });
  return async (text, cursor, signal) => {
    const found = completions(text, cursor);
    if (found === undefined) return undefined;
    const { from, to, typed } = found;
    const options = await optionsOf(found, { api, t: range(), labels, signal });
    // What stands there already is no suggestion.
    return options.length === 1 && options[0]?.label === typed ? undefined : { from, to, options };
  };
}

type Lookup = {
  readonly api: Pick<Api, 'summary'>;
  readonly t: string;
  readonly labels: SeenLabels;
  readonly signal: AbortSignal;
};

async function optionsOf(found: Completions, lookup: Lookup): Promise<readonly Option[]> {
  const { kind, options, typed, side, field, key } = found;
  switch (kind) {
    case 'operator':
      return options;
    case 'field':
      return [...options, ...(await labelOptions(typed, lookup.labels))];
    case 'label':
      return join(
        key === undefined ? [] : await lookup.labels.values({ side, key, typed }, lookup.signal),
        options,
        typed,
      );
    case 'value': {
      if (field === undefined) return options;
      const by = side === undefined ? field : `${side}.${field}`;
      return join(await readValues(lookup.api, by, lookup.t, lookup.signal), options, typed);
    }
  }
}

/** Label keys that begin as typed; none before something is typed, for fields come first. */
async function labelOptions(typed: string, labels: SeenLabels): Promise<readonly Option[]> {
  if (typed === '') return [];
  const match = /^(from|to)\.(.*)$/.exec(typed);
  const side = match?.[1] === 'from' || match?.[1] === 'to' ? match[1] : undefined;
  const wanted = match?.[2] ?? typed;
  const keys = await labels.keys(side);
  return keys
    .filter((key) => key.startsWith(wanted))
    .slice(0, LABELS)
    .map((key) => ({ label: `${side === undefined ? '' : `${side}.`}${key}=`, detail: 'label' }));
}

/** Values that were seen, then those that the field has in any case. */
function join(
  seen: readonly Option[],
  options: readonly Option[],
  typed: string,
): readonly Option[] {
  const wanted = typed.toLowerCase();
  const known = new Set(seen.map(({ label }) => label));
  return [
    ...seen.filter(({ label }) => label.toLowerCase().startsWith(wanted)).slice(0, VALUES),
    ...options.filter(({ label }) => !known.has(label)),
  ];
}

async function readValues(
  api: Pick<Api, 'summary'>,
  by: string,
  t: string,
  signal: AbortSignal,
): Promise<readonly Option[]> {
  try {
    const summary = await api.summary({ q: '', t, by, top: VALUES_READ }, signal);
    return summary.rows.flatMap(({ keys, records }) =>
      (keys ?? [])
        .filter((key) => key !== '')
        .map((key) => ({
          label: needsQuotes(key, 'value') ? quote(key) : key,
          detail: formatCount(records),
        })),
    );
  } catch (error) {
    // Without counts the field's own options still help; the page tells elsewhere that the server is away.
    if (problemOf(error) === undefined) return [];
    return [];
  }
}
