import type {
  DropsResponse,
  FlowResponse,
  FlowsResponse,
  PoliciesResponse,
  Problem,
  SourcesResponse,
  SummaryResponse,
} from '../../../server/http/contract.ts';

/** A request that failed: `problem` is the server's answer, or ours where no answer came. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(`${problem.title}: ${problem.detail}`, options);
    this.problem = problem;
  }
}

export type FlowsRequest = {
  readonly q: string;
  /** Time range as the URL has it; absent: everything that is kept. */
  readonly t?: string;
  readonly limit: number;
  readonly after?: number;
  readonly order?: 'newest' | 'oldest';
};

export type SummaryRequest = {
  readonly q: string;
  readonly t: string;
  readonly by?: string;
  readonly buckets?: number;
  readonly top?: number;
};

export type DropsRequest = {
  readonly q: string;
  readonly t: string;
  readonly top?: number;
  /** Only flows up to this sequence number. */
  readonly asof?: number;
};

/** The server's JSON interface. Every call may throw `RequestFailed`, or an `AbortError` once aborted. */
export type Api = {
  flows(request: FlowsRequest, signal?: AbortSignal): Promise<FlowsResponse>;
  flow(seq: number, signal?: AbortSignal): Promise<FlowResponse>;
  summary(request: SummaryRequest, signal?: AbortSignal): Promise<SummaryResponse>;
  drops(request: DropsRequest, signal?: AbortSignal): Promise<DropsResponse>;
  policies(
    request: { readonly t: string; readonly buckets: number },
    signal?: AbortSignal,
  ): Promise<PoliciesResponse>;
  sources(signal?: AbortSignal): Promise<SourcesResponse>;
};

export type ApiOptions = {
  /** `fetch` of the window, or of a test. */
  readonly fetch: typeof fetch;
};

export function createApi({ fetch }: ApiOptions): Api {
  // The answer's shape is the contract's, which the server's own tests hold; it is not checked again here.
  const get = async <T>(
    path: string,
    params: Readonly<Record<string, string | number | undefined>>,
    signal: AbortSignal | undefined,
  ): Promise<T> => {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(params))
      if (value !== undefined && value !== '') search.set(name, String(value));
    const text = search.toString();
    const url = `/api/v1/${path}${text === '' ? '' : `?${text}`}`;
    const response = await reach(() => fetch(url, signal === undefined ? {} : { signal }));
    if (!response.ok) throw new RequestFailed(await problemOf(response));
    return (await response.json()) as T;
  };
  return {
    flows: (request, signal) => get('flows', request, signal),
    flow: (seq, signal) => get(`flows/${seq}`, {}, signal),
    summary: (request, signal) => get('summary', request, signal),
    drops: (request, signal) => get('drops', request, signal),
    policies: (request, signal) => get('policies', request, signal),
    sources: (signal) => get('sources', {}, signal),
  };
}

async function reach(request: () => Promise<Response>): Promise<Response> {
  try {
    return await request();
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new RequestFailed(
      localProblem('unreachable', 'The server cannot be reached', 'no answer came'),
      { cause },
    );
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const fallback = localProblem(
    'no-problem',
    'The request failed',
    `the server answered ${response.status}`,
    response.headers.get('x-request-id') ?? '',
  );
  if (!(response.headers.get('content-type') ?? '').includes('json')) return fallback;
  return { ...fallback, ...((await response.json()) as Partial<Problem>) };
}

function localProblem(code: string, title: string, detail: string, requestId = ''): Problem {
  return { type: 'about:blank', title, status: 0, detail, code, requestId };
}
