import { tinykeys } from 'tinykeys';

export type KeyMap = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Where a key has a meaning of its own, so that a shortcut must not take it. */
const OWN_KEYS = 'input, textarea, select, [contenteditable="true"], dialog';
const OPERABLE = 'button, a, summary, [role="separator"]';

/** First key of the two-key shortcuts, and how long it is waited for the second. */
const PREFIX = 'g';
const PREFIX_MS = 1_000;

/** Listens for shortcuts on the window. Answers with what stops it. */
export function bindKeys(map: KeyMap, isOn: () => boolean): () => void {
  let prefixAt = -Infinity;
  let afterPrefix = false;
  const watchPrefix = (event: KeyboardEvent): void => {
    afterPrefix = event.timeStamp - prefixAt < PREFIX_MS;
    prefixAt = event.key === PREFIX ? event.timeStamp : -Infinity;
  };
  const guarded: Record<string, (event: KeyboardEvent) => void> = {};
  for (const [key, run] of Object.entries(map)) {
    guarded[key] = (event) => {
      const target = event.target instanceof Element ? event.target : null;
      if (event.defaultPrevented || !isOn() || target?.closest(OWN_KEYS)) return;
      if (key === 'Enter' && target?.closest(OPERABLE)) return;
      // "g p" goes to Policies; its "p" must not pause as well.
      if (!key.includes(' ') && afterPrefix) return;
      event.preventDefault();
      run(event);
    };
  }
  window.addEventListener('keydown', watchPrefix, { capture: true });
  const stop = tinykeys(window, guarded);
  return () => {
    window.removeEventListener('keydown', watchPrefix, { capture: true });
    stop();
  };
}
