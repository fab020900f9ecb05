import { type ColumnId, DEFAULT_COLUMNS, isColumnId } from '../../../server/core/column-ids.ts';
import { DROP_STATES, type DropState } from '../../../server/core/drop-state.ts';
import { HARM_KINDS, type HarmKind } from '../../../server/core/harm.ts';
import type { Zone } from '../words/time.ts';
import { DEFAULT_RANGE, isLiveRange, isRange } from './time-range.ts';

/** `reasons` is at `/drops/reasons`: what each drop reason means. */
export const SCREENS = ['live', 'drops', 'reasons', 'policies', 'sources'] as const;
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
  /** What the panel shows: a flow's sequence number on Live, a group's key on Drops, a code on Reasons, `kind/namespace/name` on Policies; empty: closed. */
  readonly sel: string;
  /** Column to sort by, `-` in front: descending; empty: the screen's own order. */
  readonly sort: string;
  /** Drop groups in these states; empty: all. */
  readonly states: readonly DropState[];
  /** Drop groups that do this harm; empty: all. */
  readonly harms: readonly HarmKind[];
  /**
   * Whose policies the panel weighs the flow by: those of its time, or today's; empty: the panel's own choice, which
   * explains a drop by those of its time and else nothing.
   */
  readonly why: '' | 'then' | 'now';
  /** Policies as of this moment; empty: as of now. */
  readonly at: string;
  /** `namespace/name`: only policies that select this pod; empty: all. */
  readonly pod: string;
  /** `namespace/name`: those that select the pods of this workload, where that pod is not known or none is named. */
  readonly wl: string;
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
  harms: [],
  why: '',
  at: '',
  pod: '',
  wl: '',
  tz: 'local',
};

const SEQUENCE = /^\d{1,15}$/;
const NAMED = /^[^/\s]+\/[^/\s]+$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** Reads an address, absolute or not. Whatever cannot be read has its default; `/` and unknown paths are Live. */
export function parseView(href: string): View {
  const { searchParams: params, pathname } = new URL(href, 'http://page.invalid');
  const first = pathname.split('/')[1] ?? '';
  const cols = (params.get('cols') ?? '').split(',').filter(isColumnId);
  const asked = params.get('t') ?? '';
  const t = isRange(asked) ? asked : DEFAULT_RANGE;
  const asof = params.get('asof') ?? '';
  const sort = params.get('sort') ?? '';
  const screen = /^\/drops\/reasons(?:\/|$)/.test(pathname)
    ? 'reasons'
    : (SCREENS.find((name) => name === first) ?? 'live');
  const sel =
    (HAVE_PATHS.has(screen) ? pathBehind(pathOf(screen), pathname) : '') ||
    (params.get('sel') ?? '');
  const states = (params.get('state') ?? '').split(',');
  const harms = (params.get('harm') ?? '').split(',');
  const why = params.get('why');
  const at = params.get('at') ?? '';
  return {
    screen,
    q: params.get('q') ?? '',
    t,
    asof: isLiveRange(t) || !SEQUENCE.test(asof) ? '' : asof,
    cols: cols.length === 0 ? DEFAULT_COLUMNS : [...new Set(cols)],
    sel: screen === 'live' && !SEQUENCE.test(sel) ? '' : sel,
    sort: /^-?[a-z]+$/.test(sort) ? sort : '',
    states: DROP_STATES.filter((state) => states.includes(state)),
    harms: HARM_KINDS.filter((kind) => harms.includes(kind)),
    why: why === 'then' || why === 'now' ? why : '',
    at: screen === 'policies' && MOMENT.test(at) ? at : '',
    pod: named(screen, params.get('pod')),
    wl: named(screen, params.get('wl')),
    tz: params.get('tz') === 'utc' ? 'utc' : 'local',
  };
}

const named = (screen: Screen, text: string | null): string =>
  screen === 'policies' && text !== null && NAMED.test(text) ? text : '';

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
  if (view.harms.length > 0) add('harm', view.harms.join(','));
  const path = hasPath(view) ? `/${encodePath(view)}` : '';
  if (view.sel !== '' && path === '') add('sel', view.sel);
  if (view.why !== '') add('why', view.why);
  if (view.at !== '') add('at', view.at);
  if (view.pod !== '') add('pod', view.pod);
  if (view.wl !== '') add('wl', view.wl);
  if (view.tz !== 'local') add('tz', view.tz);
  return `${pathOf(view.screen)}${path}${params.length === 0 ? '' : `?${params.join('&')}`}`;
}

/** Screens on which what is selected has a path of its own: a drop group, a drop reason, a policy. */
const HAVE_PATHS: ReadonlySet<Screen> = new Set(['drops', 'reasons', 'policies']);

/** Kind, namespace and name. Links of the first version named a policy otherwise, in a parameter, and go on to do so. */
const POLICY_PATH = /^([^/:]+)\/([^/]+)\/(.+)$/s;

const hasPath = ({ screen, sel }: View): boolean =>
  HAVE_PATHS.has(screen) && sel !== '' && (screen !== 'policies' || POLICY_PATH.test(sel));

const pathOf = (screen: Screen): string => (screen === 'reasons' ? '/drops/reasons' : `/${screen}`);

/** What stands behind the path of a screen; empty where there is nothing that can be read. */
function pathBehind(screenPath: string, pathname: string): string {
  if (!pathname.startsWith(`${screenPath}/`)) return '';
  try {
    return decodeURIComponent(pathname.slice(screenPath.length + 1));
  } catch {
    // A percent sign that escapes nothing.
    return '';
  }
}

function encodePath({ screen, sel }: View): string {
  const parts = screen === 'policies' ? (POLICY_PATH.exec(sel)?.slice(1) ?? []) : [sel];
  return parts.map((part) => encodeURIComponent(part).replaceAll('%3A', ':')).join('/');
}

/** Escapes what would be misread in a query string, and leaves `:`, `/`, `,` and `*` legible. */
const encode = (value: string): string =>
  encodeURIComponent(value)
    .replaceAll('%3A', ':')
    .replaceAll('%2F', '/')
    .replaceAll('%2C', ',')
    .replaceAll('%20', '+');
