import type { Api } from '../api/client.ts';
import { problemOf } from './failure.ts';
import type { View } from './url.ts';

/** How many records an export will hold, and the frozen range and head that make this stay true. */
export class ExportCount {
  #count = $state<number | undefined>();
  #scope = $state.raw<Partial<Pick<View, 't' | 'asof'>>>({});
  readonly #api: Pick<Api, 'summary'>;
  #abort = new AbortController();

  constructor(api: Pick<Api, 'summary'>) {
    this.#api = api;
  }

  /** `undefined` until it is counted. */
  get count(): number | undefined {
    return this.#count;
  }

  /** What an export has to ask for to hold the records that were counted; empty until they are. */
  get scope(): Partial<Pick<View, 't' | 'asof'>> {
    return this.#scope;
  }

  async read({ q, t, asof }: Pick<View, 'q' | 't' | 'asof'>): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#count = undefined;
    this.#scope = {};
    const upTo = asof === '' ? undefined : Number(asof);
    try {
      const { rows, range, head } = await this.#api.summary({ q, t, asof: upTo }, signal);
      if (signal.aborted) return;
      this.#count = rows.reduce((sum, { records }) => sum + records, 0);
      this.#scope = { t: `${range.from}..${range.to}`, asof: asof === '' ? String(head) : asof };
    } catch (error) {
      // The files can be had without their counts; asking for one tells what is wrong.
      problemOf(error);
    }
  }
}
