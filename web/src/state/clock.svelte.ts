/** The server's clock as far as the page knows it, for ages and moving ranges. Steps once a second. */
export class Clock {
  #now = $state(Date.now());
  #here = $state(Date.now());
  #offset = 0;

  constructor() {
    setInterval(() => {
      this.#here = Date.now();
      this.#now = this.#here + this.#offset;
    }, 1_000);
  }

  /** Milliseconds since 1970; reading it in a component makes that component step along. */
  get now(): number {
    return this.#now;
  }

  /** This machine's own clock, for what was timed here. Steps along too. */
  get here(): number {
    return this.#here;
  }

  /** The server's, without stepping along. */
  read(): number {
    return Date.now() + this.#offset;
  }

  /** Takes the server's time. Small differences are the network's, and would make ages tremble. */
  sync(at: string): void {
    const offset = Date.parse(at) - Date.now();
    if (Math.abs(offset - this.#offset) > 2_000) this.#offset = offset;
  }
}
