import { isRecord } from '../core/manifest.ts';

/** A request to an API server that failed; `status` is absent where there was no answer. */
export class KubeFailure extends Error {
  override readonly name = 'KubeFailure';
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Of an error of the network, of TLS, of a file or of JSON. */
export function failureOf(error: unknown): KubeFailure {
  if (error instanceof KubeFailure) return error;
  return new KubeFailure(rootMessage(error), undefined, { cause: error });
}

/** What a call of `KubeAccess` rejected with; anything else is a bug and is thrown on. */
export function kubeFailure(error: unknown): KubeFailure {
  if (error instanceof KubeFailure) return error;
  throw error;
}

/** `fetch failed` says nothing; its cause does. */
function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (error instanceof AggregateError && error.errors.length > 0)
    return rootMessage(error.errors[0]);
  return cause instanceof Error ? rootMessage(cause) : error.message;
}

/** An `ERROR` event of a watch. */
export function failureOfEvent(object: unknown): KubeFailure {
  if (!isRecord(object)) return new KubeFailure('the watch ended with an error', undefined);
  const { code, message } = object;
  return new KubeFailure(
    typeof message === 'string' ? message : 'the watch ended with an error',
    typeof code === 'number' ? code : undefined,
  );
}

/** What a person reads in Sources: what happened, and what to do. */
export function failureText({ status, message }: KubeFailure): string {
  if (status === 401)
    return `the API server refuses who we are (401: ${message}); renew the token or log in again, the files are read again`;
  if (status === 403) return `${message}; grant list and watch (docs/inventory.md has the role)`;
  if (status === undefined) return `the API server cannot be read: ${message}`;
  return `the API server answers ${status}: ${message}`;
}
