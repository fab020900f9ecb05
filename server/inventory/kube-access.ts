import {
  HttpMethod,
  IsomorphicFetchHttpLibrary,
  RequestContext,
  type KubeConfig,
  type ResponseContext,
} from '@kubernetes/client-node';
import { isRecord } from '../core/manifest.ts';
import { KubeFailure, failureOf } from './kube-failure.ts';
import { loadKubeConfig, type KubeConfigOptions } from './kube-config.ts';

export type KubeQuery = Readonly<Record<string, string | number | undefined>>;

/** Reads from one Kubernetes API server. Calls reject with a `KubeFailure`. */
export type KubeAccess = {
  get(path: string, query: KubeQuery, signal: AbortSignal): Promise<unknown>;
  /**
   * Resolves when the server agrees; then gives the values of the stream, one a line, until the server ends it. What is
   * cut off at its end is no value.
   */
  stream(path: string, query: KubeQuery, signal: AbortSignal): Promise<AsyncIterable<unknown>>;
};

type Session = {
  readonly config: KubeConfig;
  readonly dispatcher: ReturnType<RequestContext['getDispatcher']>;
};

/** Far more than the 1.5 MiB that etcd takes of one object. */
const MAX_LINE = 16 * 1024 * 1024;

/**
 * The client's own `Watch` is not used: it hides the server's words when a right is missing, cannot be stopped while
 * it connects, and makes a connection of its own for every request. Its configuration and its HTTP are.
 */
export function createKubeAccess(options: KubeConfigOptions): KubeAccess {
  const http = new IsomorphicFetchHttpLibrary();
  let session: Promise<Session> | undefined;

  const open = async (): Promise<Session> => {
    const config = loadKubeConfig(options);
    const probe = new RequestContext(config.getCurrentCluster()?.server ?? '', HttpMethod.GET);
    await config.applySecurityAuthentication(probe);
    return { config, dispatcher: probe.getDispatcher() };
  };
  const send = async (
    path: string,
    query: KubeQuery,
    signal: AbortSignal,
  ): Promise<ResponseContext> => {
    try {
      const { config, dispatcher } = await (session ??= open());
      const url = new URL(`${config.getCurrentCluster()?.server ?? ''}${path}`);
      for (const [name, value] of Object.entries(query))
        if (value !== undefined) url.searchParams.set(name, String(value));
      const request = new RequestContext(url.toString(), HttpMethod.GET);
      await config.applySecurityAuthentication(request);
      // Each call of the client makes another; with one, requests share their connections.
      if (dispatcher !== undefined) request.setDispatcher(dispatcher);
      request.setSignal(signal);
      const response = await http.send(request).toPromise();
      if (response.httpStatusCode === 200) return response;
      throw await refusal(response);
    } catch (error) {
      const failure = failureOf(error);
      // Files, certificates and tokens are read again: what refused us may have been replaced. An answer that is no
      // refusal of the credentials says that they are good.
      if (failure.status === undefined || failure.status === 401) session = undefined;
      throw failure;
    }
  };

  return {
    async get(path, query, signal) {
      const response = await send(path, query, signal);
      try {
        return JSON.parse(await response.body.text()) as unknown;
      } catch (error) {
        throw failureOf(error);
      }
    },
    async stream(path, query, signal) {
      const { body } = await send(path, query, signal);
      return valuesOf(body.stream());
    },
  };
}

async function refusal(response: ResponseContext): Promise<KubeFailure> {
  const text = await response.body.text();
  let message = text.slice(0, 200);
  try {
    const status: unknown = JSON.parse(text);
    if (isRecord(status) && typeof status['message'] === 'string') message = status['message'];
  } catch {
    // A proxy in between answers with a page of its own.
  }
  return new KubeFailure(message, response.httpStatusCode);
}

async function* valuesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator {
  if (body === null) return;
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE) throw new KubeFailure('an event exceeds 16 MiB', undefined);
      for (const line of lines) if (line !== '') yield JSON.parse(line) as unknown;
    }
  } catch (error) {
    throw failureOf(error);
  }
}
