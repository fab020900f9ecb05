import { type ColumnId, DEFAULT_COLUMNS, isColumnId } from '../../../server/core/column-ids.ts';
import { DROP_STATES, type DropState } from '../../../server/core/drop-state.ts';
import type { Zone } from '../words/time.ts';
import { DEFAULT_RANGE, isLiveRange, isRange } from './time-range.ts';

export const SCREENS = ['live', 'drops', 'policies', 'sources'] as const;
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
  /**
   * Only flows up to this sequence number, so that a link shows what its sender saw although more was stored since;
   * empty: all. A range that moves with the clock has none.
   */
  readonly asof: string;
  readonly cols: readonly ColumnId[];
  /** What the panel shows: a flow's sequence number on Live, a group's key on Drops, a policy's on Policies; empty: closed. */
  readonly sel: string;
  /** Column to sort by, `-` in front: descending; empty: the screen's own order. */
  readonly sort: string;
  /** Drop groups in these states; empty: all. */
  readonly states: readonly DropState[];
  readonly tz: Zone;
};

export const DEFAULT_VIEW: View = {
  screen: 'live',
  q: '',
  t: DEFAULT_RANGE,
  asof: '',
  cols: DEFAULT_COLUMNS,
  sel: '',
  sort: '',
  states: [],
  tz: 'local',
};

const SEQUENCE = /^\d{1,15}$/;

/** Reads an address, absolute or not. Whatever cannot be read has its default; `/` and unknown paths are Live. */
export function parseView(href: string): View {
  const { searchParams: params, pathname } = new URL(href, 'http://page.invalid');
  const first = pathname.split('/')[1] ?? '';
  const cols = (params.get('cols') ?? '').split(',').filter(isColumnId);
  const asked = params.get('t') ?? '';
  const t = isRange(asked) ? asked : DEFAULT_RANGE;
  const asof = params.get('asof') ?? '';
  const sort = params.get('sort') ?? '';
  const screen = SCREENS.find((name) => name === first) ?? 'live';
  const sel = (screen === 'drops' ? groupIn(pathname) : '') || (params.get('sel') ?? '');
  const states = (params.get('state') ?? '').split(',');
  return {
    screen,
    q: params.get('q') ?? '',
    t,
    asof: isLiveRange(t) || !SEQUENCE.test(asof) ? '' : asof,
    cols: cols.length === 0 ? DEFAULT_COLUMNS : [...new Set(cols)],
    sel: screen === 'live' && !SEQUENCE.test(sel) ? '' : sel,
    sort: /^-?[a-z]+$/.test(sort) ? sort : '',
    states: DROP_STATES.filter((state) => states.includes(state)),
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
  if (view.asof !== '') add('asof', view.asof);
  if (view.cols.join() !== DEFAULT_COLUMNS.join()) add('cols', view.cols.join(','));
  if (view.sort !== '') add('sort', view.sort);
  if (view.states.length > 0) add('state', view.states.join(','));
  // A drop group has a path of its own.
  const group = view.screen === 'drops' && view.sel !== '' ? `/${encodeGroup(view.sel)}` : '';
  if (view.sel !== '' && group === '') add('sel', view.sel);
  if (view.tz !== 'local') add('tz', view.tz);
  return `/${view.screen}${group}${params.length === 0 ? '' : `?${params.join('&')}`}`;
}

/** The key in `/drops/<key>`; empty where there is none that can be read. */
function groupIn(pathname: string): string {
  try {
    return decodeURIComponent(pathname.split('/').slice(2).join('/'));
  } catch {
    // A percent sign that escapes nothing.
    return '';
  }
}

const encodeGroup = (key: string): string => encodeURIComponent(key).replaceAll('%3A', ':');

/** Escapes what would be misread in a query string, and leaves `:`, `/`, `,` and `*` legible. */
const encode = (value: string): string =>
  encodeURIComponent(value)
    .replaceAll('%3A', ':')
    .replaceAll('%2F', '/')
    .replaceAll('%2C', ',')
    .replaceAll('%20', '+');
