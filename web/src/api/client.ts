import type {
  AroundResponse,
  ChecksResponse,
  DropsResponse,
  FlowResponse,
  FlowsResponse,
  PodPoliciesResponse,
  PoliciesResponse,
  PolicyResponse,
  Problem,
  SavedViewJson,
  SavedViewsResponse,
  SourcesResponse,
  SummaryResponse,
  WhyResponse,
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
  /** Only flows up to this sequence number. */
  readonly asof?: number | undefined;
  readonly limit: number;
  readonly after?: number | undefined;
  readonly order?: 'newest' | 'oldest';
  /** Milliseconds after which the answer comes, whatever was found by then. */
  readonly work?: number;
};

export type SummaryRequest = {
  readonly q: string;
  readonly t: string;
  /** Only flows up to this sequence number. */
  readonly asof?: number | undefined;
  readonly by?: string;
  readonly buckets?: number;
  readonly top?: number;
};

export type DropsRequest = {
  readonly q: string;
  readonly t: string;
  readonly top?: number;
  /** Parts of the range, for `series`. */
  readonly buckets?: number;
  /** Only flows up to this sequence number. */
  readonly asof?: number | undefined;
};

export type PoliciesRequest = {
  readonly t: string;
  readonly buckets: number;
  /** A moment that policies are of; empty: now. */
  readonly asof: string;
};

/** Either may be empty. */
export type PodRequest = {
  readonly namespace: string;
  readonly pod: string;
  readonly workload: string;
};

export type MarkRequest = {
  readonly note: string;
  /** RFC 3339; null: it stays. */
  readonly until: string | null;
};

/** The server's JSON interface. Every call may throw `RequestFailed`, or an `AbortError` once aborted. */
export type Api = {
  flows(request: FlowsRequest, signal?: AbortSignal): Promise<FlowsResponse>;
  flow(seq: number, signal?: AbortSignal): Promise<FlowResponse>;
  summary(request: SummaryRequest, signal?: AbortSignal): Promise<SummaryResponse>;
  drops(request: DropsRequest, signal?: AbortSignal): Promise<DropsResponse>;
  /** Acknowledges a group, in place of what was said of it before. */
  markDrop(key: string, mark: MarkRequest): Promise<void>;
  unmarkDrop(key: string): Promise<void>;
  policies(request: PoliciesRequest, signal?: AbortSignal): Promise<PoliciesResponse>;
  /** One of them, by `kind/namespace/name`. */
  policy(id: string, request: PoliciesRequest, signal?: AbortSignal): Promise<PolicyResponse>;
  /** The policies that select a pod, or the pods of a workload where that is not known. */
  podPolicies(pod: PodRequest, asof: string, signal?: AbortSignal): Promise<PodPoliciesResponse>;
  sources(signal?: AbortSignal): Promise<SourcesResponse>;
  /** Flows of the same pair before and after one. */
  around(
    seq: number,
    request: { readonly of: AroundResponse['of']; readonly limit: number },
    signal?: AbortSignal,
  ): Promise<AroundResponse>;
  /** What the flows around a dropped one tell of its reason. */
  checks(seq: number, signal?: AbortSignal): Promise<ChecksResponse>;
  /** Why a flow was let through or dropped, by the policies of its time or by today's. */
  why(seq: number, of: 'then' | 'now', signal?: AbortSignal): Promise<WhyResponse>;
  /** The views that all users share. */
  views(signal?: AbortSignal): Promise<SavedViewsResponse>;
  /** Makes or replaces one. */
  putView(view: Omit<SavedViewJson, 'createdAt' | 'updatedAt'>): Promise<void>;
  deleteView(id: string): Promise<void>;
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
  const send = async (method: 'PUT' | 'DELETE', path: string, body?: object): Promise<void> => {
    const json = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
    const request = { method, ...(body === undefined ? {} : json) };
    const response = await reach(() => fetch(`/api/v1/${path}`, request));
    if (!response.ok) throw new RequestFailed(await problemOf(response));
  };
  return {
    flows: (request, signal) => get('flows', request, signal),
    flow: (seq, signal) => get(`flows/${seq}`, {}, signal),
    summary: (request, signal) => get('summary', request, signal),
    drops: (request, signal) => get('drops', request, signal),
    markDrop: (key, mark) => send('PUT', markPath(key), mark),
    unmarkDrop: (key) => send('DELETE', markPath(key)),
    policies: (request, signal) => get('policies', request, signal),
    policy: (id, request, signal) => get(`policies/${policyPath(id)}`, request, signal),
    podPolicies: ({ namespace, pod, workload }, asof, signal) =>
      get(
        `pods/${[namespace, pod || '-'].map(encodeURIComponent).join('/')}/policies`,
        { workload, asof },
        signal,
      ),
    sources: (signal) => get('sources', {}, signal),
    around: (seq, request, signal) => get(`flows/${seq}/around`, request, signal),
    checks: (seq, signal) => get(`flows/${seq}/checks`, {}, signal),
    why: (seq, of, signal) => get(`flows/${seq}/why`, { of }, signal),
    views: (signal) => get('views', {}, signal),
    putView: ({ id, ...view }) => send('PUT', `views/${id}`, view),
    deleteView: (id) => send('DELETE', `views/${id}`),
  };
}

/** The name is all that stands behind the namespace. */
function policyPath(id: string): string {
  const [kind = '', namespace = '', ...name] = id.split('/');
  return [kind, namespace, name.join('/')].map(encodeURIComponent).join('/');
}

const markPath = (key: string): string => `drops/${encodeURIComponent(key)}/mark`;

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
