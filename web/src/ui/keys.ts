import { tinykeys } from 'tinykeys';

export type KeyMap = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Where a key has a meaning of its own, so that a shortcut must not take it. */
const OWN_KEYS = 'input, textarea, select, [contenteditable="true"], dialog';
const OPERABLE = 'button, a, summary, [role="separator"]';

/** Listens for shortcuts on the window. Answers with what stops it. */
export function bindKeys(map: KeyMap, isOn: () => boolean): () => void {
  const guarded = Object.entries(map).map(([key, run]) => [
    key,
    (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      if (event.defaultPrevented || !isOn() || target?.closest(OWN_KEYS)) return;
      if (key === 'Enter' && target?.closest(OPERABLE)) return;
      event.preventDefault();
      run(event);
    },
  ]);
  return tinykeys(
    window,
    Object.fromEntries(guarded) as Record<string, (e: KeyboardEvent) => void>,
  );
}
