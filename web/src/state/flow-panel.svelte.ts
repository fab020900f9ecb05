import type { FlowJson, FlowResponse, Problem } from '../../../server/http/contract.ts';
import type { Api } from '../api/client.ts';
import { problemOf } from './failure.ts';

/** The flow that the panel shows: what the list knows at once, the whole record once it is read. */
export class FlowPanel {
  #flow = $state.raw<FlowJson | undefined>();
  #full = $state.raw<FlowResponse | undefined>();
  #problem = $state.raw<Problem | undefined>();
  readonly #api: Api;
  #seq: number | undefined;
  #abort = new AbortController();

  constructor(api: Api) {
    this.#api = api;
  }

  get flow(): FlowJson | undefined {
    return this.#flow;
  }

  get full(): FlowResponse | undefined {
    return this.#full;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** `known` is the flow where a list has it already. */
  show(seq: number | undefined, known: FlowJson | undefined): void {
    if (seq === this.#seq) return;
    this.#seq = seq;
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#full = undefined;
    this.#problem = undefined;
    this.#flow = known;
    if (seq !== undefined) void this.#read(seq, this.#abort.signal);
  }

  async #read(seq: number, signal: AbortSignal): Promise<void> {
    try {
      const full = await this.#api.flow(seq, signal);
      if (signal.aborted) return;
      this.#full = full;
      this.#flow = full.flow;
    } catch (error) {
      this.#problem = problemOf(error);
    }
  }
}
