import type { DropsResponse, FlowJson, FlowsResponse } from '../../../server/http/contract.ts';
import type { Api } from '../api/client.ts';

export type WindowRequest = {
  readonly api: Api;
  readonly q: string;
  readonly t: string;
  readonly signal: AbortSignal;
};

const FIRST_PAGE = 200;
const DROP_GROUPS = 100;
const MISSED_PAGE = 1_000;
const MISSED_PAGES = 3;

export const readFirstPage = ({ api, q, t, signal }: WindowRequest): Promise<FlowsResponse> =>
  api.flows({ q, t, limit: FIRST_PAGE, order: 'newest' }, signal);

/** Drop groups of the range, counted up to the sequence number `head` where there is one. */
export const readDrops = (
  { api, q, t, signal }: WindowRequest,
  head: number | undefined,
): Promise<DropsResponse> =>
  api.drops({ q, t, top: DROP_GROUPS, ...(head === undefined ? {} : { asof: head }) }, signal);

/** Time of the newest flow that matches at all; null when none does. */
export async function readLastMatch({
  api,
  q,
  signal,
}: Omit<WindowRequest, 't'>): Promise<string | null> {
  const page = await api.flows({ q, limit: 1, order: 'newest' }, signal);
  return page.flows[0]?.observedAt ?? null;
}

/**
 * Flows committed since `last` while nobody listened, in commit order; `undefined` when they are more than
 * is worth reading one after the other.
 */
export async function readMissed(
  { api, q, t, signal }: WindowRequest,
  last: number,
): Promise<readonly FlowJson[] | undefined> {
  const missed: FlowJson[] = [];
  let after = last;
  for (let i = 0; i < MISSED_PAGES; i++) {
    const page = await api.flows({ q, t, limit: MISSED_PAGE, after, order: 'oldest' }, signal);
    missed.push(...page.flows);
    if (page.next === null) return missed;
    after = page.next;
  }
  return undefined;
}
