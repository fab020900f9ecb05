import { tinykeys } from 'tinykeys';

/** Keys as tinykeys writes them; `g p` is the one kind of sequence. */
export type KeyMap = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Where a key has a meaning of its own, so that a shortcut must not take it. */
const OWN_KEYS = 'input, textarea, select, [contenteditable="true"], dialog, [role="menu"]';
const OPERABLE = 'button, a, summary, [role="separator"]';

/** What goes on while a key is held down; anything else happens once a press. */
const REPEATING = new Set(['j', 'k', 'ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight']);

/** First key of the two-key shortcuts, and how long it is waited for the second. */
const PREFIX = 'g';
const PREFIX_MS = 1_000;

/**
 * Listens for shortcuts on the window. Answers with what stops it. Sequences are told apart here, since two
 * listeners have to agree on them: "g p" goes to Policies, and its "p" must not pause as well.
 */
export function bindKeys(map: KeyMap, isOn: () => boolean): () => void {
  let prefixAt = -Infinity;
  let afterPrefix = false;
  const watchPrefix = (event: KeyboardEvent): void => {
    afterPrefix = event.timeStamp - prefixAt < PREFIX_MS;
    prefixAt = event.key === PREFIX ? event.timeStamp : -Infinity;
  };
  const presses: Record<string, (event: KeyboardEvent) => void> = {};
  for (const [keys, run] of Object.entries(map)) {
    const isSequence = keys.startsWith(`${PREFIX} `);
    const key = isSequence ? keys.slice(PREFIX.length + 1) : keys;
    presses[key] = (event) => {
      const target = event.target instanceof Element ? event.target : null;
      if (event.defaultPrevented || !isOn() || target?.closest(OWN_KEYS)) return;
      if (event.repeat && !REPEATING.has(key)) return;
      if (key === 'Enter' && target?.closest(OPERABLE)) return;
      if (isSequence !== afterPrefix) return;
      event.preventDefault();
      run(event);
    };
  }
  window.addEventListener('keydown', watchPrefix, { capture: true });
  const stop = tinykeys(window, presses, { ignore: (event) => event.isComposing });
  return () => {
    window.removeEventListener('keydown', watchPrefix, { capture: true });
    stop();
  };
}

/** Listens for a key with a modifier, which works in fields too and cannot be typed by accident. Answers with what stops it. */
export function bindChord(chord: string, run: () => void): () => void {
  return tinykeys(window, {
    [chord]: (event) => {
      event.preventDefault();
      if (!event.repeat && document.querySelector('dialog[open]') === null) run();
    },
  });
}
