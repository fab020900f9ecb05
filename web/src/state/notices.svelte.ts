const TOLD_MS = 4_000;

/** What became of what a person just did, said for a moment. Made once. */
export class Notices {
  #said = $state('');
  readonly #write: (text: string) => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `write` puts text on the clipboard. */
  constructor(write: (text: string) => Promise<void>) {
    this.#write = write;
  }

  /** Empty when nothing was said lately. */
  get said(): string {
    return this.#said;
  }

  say(words: string): void {
    clearTimeout(this.#timer);
    this.#said = words;
    this.#timer = setTimeout(() => (this.#said = ''), TOLD_MS);
  }

  /** Puts a text on the clipboard; `what` it is as it stands in a sentence: `the link`. */
  async copy(what: string, text: string): Promise<void> {
    try {
      await this.#write(text);
      this.say(`Copied ${what}`);
    } catch {
      // A browser may refuse it, on a page without TLS for one; then the person copies by hand.
      this.say(`The browser does not permit copying ${what}`);
    }
  }
}
