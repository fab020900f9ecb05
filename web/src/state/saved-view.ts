import { DEFAULT_COLUMNS, isColumnId, type ColumnId } from '../../../server/core/column-ids.ts';
import { findField } from '../../../server/core/fields.ts';
import { DEFAULT_RANGE, isRange } from './time-range.ts';
import type { View } from './url.ts';

/** What of a view is worth a name. */
export type ViewFacts = Pick<View, 'q' | 't' | 'cols' | 'sort'>;

export type SavedView = ViewFacts & { readonly id: string; readonly name: string };

const view = (
  name: string,
  q: string,
  facts: Partial<Pick<ViewFacts, 't' | 'cols'>> = {},
): SavedView => ({
  id: name.toLowerCase().replaceAll(' ', '-'),
  name,
  q,
  t: DEFAULT_RANGE,
  cols: DEFAULT_COLUMNS,
  sort: '',
  ...facts,
});

const BY_POLICY: readonly ColumnId[] = [
  'time',
  'verdict',
  'policy',
  'source',
  'destination',
  'port',
  'direction',
  'reason',
];

/** Views that come with the program. That of new pairs is there where the query language knows them. */
export const BUILT_IN: readonly SavedView[] = [
  view('All drops', 'verdict:dropped'),
  view('Drops by policy', 'verdict:dropped reason:policy', { cols: BY_POLICY }),
  view('Non-policy drops', 'verdict:dropped -reason:policy'),
  view('World egress', 'dir:egress to.is:external'),
  ...('new-pair' in (findField('is')?.choices ?? {})
    ? [view('New pairs today', 'is:new-pair', { t: 'now-24h..now' })]
    : []),
];

export const NAME_LIMIT = 80;
const KIND = 'dropwise-views';

export const factsOf = ({ q, t, cols, sort }: ViewFacts): ViewFacts => ({ q, t, cols, sort });

/** True when both show the same. */
export const isSameView = (a: ViewFacts, b: ViewFacts): boolean =>
  a.q === b.q && a.t === b.t && a.sort === b.sort && a.cols.join() === b.cols.join();

export const writeViews = (views: readonly SavedView[]): string =>
  JSON.stringify({ kind: KIND, version: 1, views }, null, 2);

/**
 * Reads what `writeViews` wrote, here or in another browser, by this version or a newer one: what cannot be used has
 * its default, as in an address. `undefined` when the text holds no views.
 */
export function readViews(text: string): readonly SavedView[] | undefined {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(file) || file['kind'] !== KIND || !Array.isArray(file['views'])) return undefined;
  return file['views'].filter(isRecord).flatMap(readView);
}

/** One view of them; none where it has no name. */
export function readView(kept: Readonly<Record<string, unknown>>): readonly SavedView[] {
  const name = textOf(kept['name']).trim().slice(0, NAME_LIMIT);
  if (name === '') return [];
  const cols = (Array.isArray(kept['cols']) ? kept['cols'] : []).map(textOf).filter(isColumnId);
  const t = textOf(kept['t']);
  const sort = textOf(kept['sort']);
  return [
    {
      id: textOf(kept['id']),
      name,
      q: textOf(kept['q']),
      t: isRange(t) ? t : DEFAULT_RANGE,
      cols: cols.length === 0 ? DEFAULT_COLUMNS : [...new Set(cols)],
      sort: /^-?[a-z]+$/.test(sort) ? sort : '',
    },
  ];
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
