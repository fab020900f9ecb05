import type { AroundResponse } from '../../../server/http/contract.ts';
import type { Api } from '../api/client.ts';
import { problemOf } from './failure.ts';

/** Neighbours read at once, so that going on does not ask for each. */
const AHEAD = 50;

export type PairStep =
  | { readonly kind: 'found'; readonly seq: number }
  | { readonly kind: 'none'; readonly why: string };

/** Goes from one flow to the previous or next between the same two ends. */
export class PairSteps {
  readonly #api: Pick<Api, 'around'>;
  /** Sequence numbers in commit order, without a hole. */
  #chain: readonly number[] = [];
  #abort = new AbortController();

  constructor(api: Pick<Api, 'around'>) {
    this.#api = api;
  }

  /** The neighbour; `undefined` when another step was asked for meanwhile. */
  async step(seq: number, way: 'before' | 'after'): Promise<PairStep | undefined> {
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const known = this.#neighbour(seq, way);
    if (known !== undefined) return { kind: 'found', seq: known };
    try {
      const answer = await this.#api.around(seq, { of: 'pair', limit: AHEAD }, signal);
      if (signal.aborted) return undefined;
      this.#chain = chainOf(answer);
    } catch (error) {
      const problem = problemOf(error);
      return problem && { kind: 'none', why: problem.detail };
    }
    const found = this.#neighbour(seq, way);
    if (found !== undefined) return { kind: 'found', seq: found };
    const where = way === 'before' ? 'earlier' : 'later';
    return { kind: 'none', why: `No ${where} event of this pair is stored` };
  }

  #neighbour(seq: number, way: 'before' | 'after'): number | undefined {
    const at = this.#chain.indexOf(seq);
    return at < 0 ? undefined : this.#chain[at + (way === 'before' ? -1 : 1)];
  }
}

const chainOf = ({ before, flow, after }: AroundResponse): readonly number[] => [
  ...before.flows.map(({ seq }) => seq).reverse(),
  flow.seq,
  ...after.flows.map(({ seq }) => seq),
];
