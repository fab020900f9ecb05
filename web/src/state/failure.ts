import type { Problem } from '../../../server/http/contract.ts';
import { RequestFailed } from '../api/client.ts';

/** The problem of a failed request; `undefined` when it was given up on purpose. Anything else is a bug, and thrown on. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof RequestFailed) return error.problem;
  if (error instanceof DOMException && error.name === 'AbortError') return undefined;
  throw error;
}
