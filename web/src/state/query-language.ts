import { completions, type Option } from '../../../server/query/complete.ts';
import type { QueryError } from '../../../server/query/failure.ts';
import { parseQuery } from '../../../server/query/parse.ts';
import { needsQuotes, quote } from '../../../server/query/word.ts';
import type { Api } from '../api/client.ts';
import { formatCount } from '../words/numbers.ts';
import { problemOf } from './failure.ts';

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

const VALUES = 20;

/** Suggests fields, and values that were seen in the range with their counts. */
export function createCompletion({
  api,
  range,
}: {
  readonly api: Api;
  readonly range: () => string;
}): Complete {
  return async (text, cursor, signal) => {
    const found = completions(text, cursor);
    if (found === undefined) return undefined;
    const { from, to, options, field, typed } = found;
    if (found.kind !== 'value' || field === undefined) return { from, to, options };
    const seen = await readValues(api, field, range(), signal);
    const wanted = typed.toLowerCase();
    const labels = new Set(seen.map(({ label }) => label));
    return {
      from,
      to,
      options: [
        ...seen.filter(({ label }) => label.toLowerCase().startsWith(wanted)),
        ...options.filter(({ label }) => !labels.has(label)),
      ],
    };
  };
}

async function readValues(
  api: Api,
  field: string,
  t: string,
  signal: AbortSignal,
): Promise<readonly Option[]> {
  try {
    const summary = await api.summary({ q: '', t, by: field, top: VALUES }, signal);
    return summary.rows.flatMap(({ key, records }) =>
      key === null || key === ''
        ? []
        : [
            {
              label: needsQuotes(key, 'value') ? quote(key) : key,
              detail: formatCount(records),
            },
          ],
    );
  } catch (error) {
    // Without counts the field's own options still help; the page tells elsewhere that the server is away.
    if (problemOf(error) === undefined) return [];
    return [];
  }
}
