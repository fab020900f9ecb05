import type { Zone } from '../words/time.ts';
import { COLUMN_IDS, type ColumnId, isColumnId } from './columns.ts';
import { DEFAULT_RANGE, isRange } from './time-range.ts';

export const SCREENS = ['live', 'policies', 'sources'] as const;
export type Screen = (typeof SCREENS)[number];

/**
 * All that an address says. Addresses are kept and sent to others, so what one means never changes: new
 * parameters may come, and what a page does not know it leaves out.
 */
export type View = {
  readonly screen: Screen;
  /** Query text as typed or canonical; may be one that cannot be read. */
  readonly q: string;
  /** Time range text; always one that can be read. */
  readonly t: string;
  readonly cols: readonly ColumnId[];
  /** What the panel shows: a flow's sequence number on Live, a policy's key on Policies; empty: closed. */
  readonly sel: string;
  /** Column to sort by, `-` in front: descending; empty: the screen's own order. */
  readonly sort: string;
  readonly tz: Zone;
};

export const DEFAULT_VIEW: View = {
  screen: 'live',
  q: '',
  t: DEFAULT_RANGE,
  cols: COLUMN_IDS,
  sel: '',
  sort: '',
  tz: 'local',
};

/** Reads an address, absolute or not. Whatever cannot be read has its default; `/` and unknown paths are Live. */
export function parseView(href: string): View {
  const { searchParams: params, pathname } = new URL(href, 'http://page.invalid');
  const first = pathname.split('/')[1] ?? '';
  const cols = (params.get('cols') ?? '').split(',').filter(isColumnId);
  const t = params.get('t') ?? '';
  const sel = params.get('sel') ?? '';
  const sort = params.get('sort') ?? '';
  const screen = SCREENS.find((name) => name === first) ?? 'live';
  return {
    screen,
    q: params.get('q') ?? '',
    t: isRange(t) ? t : DEFAULT_RANGE,
    cols: cols.length === 0 ? COLUMN_IDS : [...new Set(cols)],
    sel: screen === 'live' && !/^\d{1,15}$/.test(sel) ? '' : sel,
    sort: /^-?[a-z]+$/.test(sort) ? sort : '',
    tz: params.get('tz') === 'utc' ? 'utc' : 'local',
  };
}

/** Writes the shortest address that `parseView` reads back to the same view. */
export function formatView(view: View): string {
  const params: string[] = [];
  const add = (name: string, value: string): void => void params.push(`${name}=${encode(value)}`);
  if (view.q !== '') {
    add('q', view.q);
    add('qv', '1');
  }
  if (view.t !== DEFAULT_RANGE) add('t', view.t);
  if (view.cols.join() !== COLUMN_IDS.join()) add('cols', view.cols.join(','));
  if (view.sort !== '') add('sort', view.sort);
  if (view.sel !== '') add('sel', view.sel);
  if (view.tz !== 'local') add('tz', view.tz);
  return `/${view.screen}${params.length === 0 ? '' : `?${params.join('&')}`}`;
}

/** Escapes what would be misread in a query string, and leaves `:`, `/`, `,` and `*` legible. */
const encode = (value: string): string =>
  encodeURIComponent(value)
    .replaceAll('%3A', ':')
    .replaceAll('%2F', '/')
    .replaceAll('%2C', ',')
    .replaceAll('%20', '+');
