import { endName, portAndProtocol } from '../words/flow.ts';
import { plural } from '../words/numbers.ts';
import type { App } from './app.svelte.ts';

const EVERY_MS = 10_000;
const NAMED = 3;

/** What a screen reader is told of the stream: a summary every ten seconds, each new drop group once. */
export class Announcements {
  #text = $state('');
  readonly #app: Pick<App, 'live' | 'router'>;
  #told: readonly string[] = [];

  constructor(app: Pick<App, 'live' | 'router'>) {
    this.#app = app;
  }

  get text(): string {
    return this.#text;
  }

  /** Answers with what stops it. */
  start(): () => void {
    const timer = setInterval(() => this.#tell(), EVERY_MS);
    return () => clearInterval(timer);
  }

  #tell(): void {
    const { live, router } = this.#app;
    if (router.view.screen !== 'live' || live.tick === undefined || live.table.paused) return;
    const fresh = live.lane.groups.filter((group) => !this.#told.includes(group.key));
    this.#told = live.lane.groups.map((group) => group.key);
    const { counts } = live.tick;
    const names = fresh
      .slice(0, NAMED)
      .map(
        ({ latest }) =>
          `${endName(latest.source)} to ${endName(latest.destination)} ${portAndProtocol(latest)}`,
      );
    const news =
      fresh.length === 0 ? '' : ` ${plural(fresh.length, 'new drop group')}: ${names.join('; ')}.`;
    this.#text = `Last second: ${counts.allowed} allowed, ${counts.dropped} dropped.${news}`;
  }
}
