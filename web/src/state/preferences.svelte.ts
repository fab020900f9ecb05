export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

type Stored = {
  readonly theme: Theme;
  readonly panelWidth: number;
  readonly shortcuts: boolean;
};

const KEY = 'dropwise.preferences';
const FRESH: Stored = { theme: 'system', panelWidth: 480, shortcuts: true };

/** Limits of the right panel, in CSS pixels. */
export const PANEL_MIN = 480;
export const PANEL_MAX = 720;

/** What this browser remembers of its user; nothing that an address should say. */
export class Preferences {
  #stored = $state.raw<Stored>(FRESH);
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#stored = read(storage);
  }

  get theme(): Theme {
    return this.#stored.theme;
  }

  set theme(theme: Theme) {
    this.#save({ theme });
  }

  get panelWidth(): number {
    return this.#stored.panelWidth;
  }

  /** Keeps the width within its limits. */
  resizePanel(width: number): void {
    this.#save({ panelWidth: Math.min(PANEL_MAX, Math.max(PANEL_MIN, Math.round(width))) });
  }

  /** Whether single-key shortcuts are on. */
  get shortcuts(): boolean {
    return this.#stored.shortcuts;
  }

  set shortcuts(on: boolean) {
    this.#save({ shortcuts: on });
  }

  #save(change: Partial<Stored>): void {
    this.#stored = { ...this.#stored, ...change };
    this.#storage.setItem(KEY, JSON.stringify(this.#stored));
  }
}

function read(storage: Storage): Stored {
  const text = storage.getItem(KEY);
  if (text === null) return FRESH;
  let kept: Partial<Record<keyof Stored, unknown>>;
  try {
    kept = JSON.parse(text) as typeof kept;
  } catch {
    // Another program's or a damaged value: begin afresh, and overwrite it at the next change.
    return FRESH;
  }
  const theme = THEMES.find((name) => name === kept.theme) ?? FRESH.theme;
  const width = typeof kept.panelWidth === 'number' ? kept.panelWidth : FRESH.panelWidth;
  return {
    theme,
    panelWidth: Math.min(PANEL_MAX, Math.max(PANEL_MIN, width)),
    shortcuts: kept.shortcuts !== false,
  };
}
