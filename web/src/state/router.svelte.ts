import { DEFAULT_VIEW, formatView, parseView, type Screen, type View } from './url.ts';

/** The address bar as state. Made once. */
export class Router {
  #view = $state.raw<View>(DEFAULT_VIEW);
  readonly #window: Window;

  constructor(window: Window) {
    this.#window = window;
    this.#view = parseView(window.location.href);
    this.#write('replace');
    window.addEventListener('popstate', () => {
      this.#view = parseView(window.location.href);
    });
  }

  get view(): View {
    return this.#view;
  }

  /** Changes the view. `replace` while typing or scrolling, so that Back leads to where a person was. */
  go(change: Partial<View>, how: 'push' | 'replace' = 'push'): void {
    const next = { ...this.#view, ...ofRange(change), ...ofPanel(change), ...change };
    if (formatView(next) === formatView(this.#view)) return;
    this.#view = next;
    this.#write(how);
  }

  /** Address of another screen: range and zone go along, selection and order do not. */
  screenHref(screen: Screen, change: Partial<View> = {}): string {
    const { t, tz, q, cols } = this.#view;
    return formatView({ ...DEFAULT_VIEW, t, tz, q, cols, screen, ...change });
  }

  openScreen(screen: Screen, change: Partial<View> = {}): void {
    const { t, tz, q, cols } = this.#view;
    this.go({ ...DEFAULT_VIEW, t, tz, q, cols, screen, ...change });
  }

  /** Full address of the view, or of a changed one. */
  link(change: Partial<View> = {}): string {
    return (
      this.#window.location.origin + formatView({ ...this.#view, ...ofRange(change), ...change })
    );
  }

  #write(how: 'push' | 'replace'): void {
    const url = formatView(this.#view);
    if (how === 'push') this.#window.history.pushState(null, '', url);
    else this.#window.history.replaceState(null, '', url);
  }
}

/** Another range is no longer the one that a link had frozen. */
const ofRange = ({ t }: Partial<View>): Partial<View> => (t === undefined ? {} : { asof: '' });

/** A panel that closes takes along what was chosen in it. */
const ofPanel = ({ sel }: Partial<View>): Partial<View> => (sel === '' ? { why: '' } : {});
