import type { DropsResponse, FlowJson } from '../../../server/http/contract.ts';
import type { Api } from '../api/client.ts';

export type WindowRequest = {
  readonly api: Api;
  readonly q: string;
  readonly t: string;
  /** Only flows up to this sequence number. */
  readonly asof?: number | undefined;
  readonly signal: AbortSignal;
};

const DROP_GROUPS = 100;
const MISSED_PAGE = 1_000;
const MISSED_PAGES = 3;

/** Drop groups of the range, counted up to the sequence number `head` where there is one. */
export const readDrops = (
  { api, q, t, signal }: WindowRequest,
  head: number | undefined,
): Promise<DropsResponse> =>
  api.drops({ q, t, top: DROP_GROUPS, ...(head === undefined ? {} : { asof: head }) }, signal);

/** A part of a search that nobody waits for; between parts it can be given up. */
const PART_MS = 250;

/** Time of the newest flow that matches at all; null when none does. */
export async function readLastMatch({
  api,
  q,
  signal,
}: Omit<WindowRequest, 't' | 'asof'>): Promise<string | null> {
  let after: number | undefined;
  for (;;) {
    const page = await api.flows({ q, limit: 1, after, order: 'newest', work: PART_MS }, signal);
    const [flow] = page.flows;
    if (flow !== undefined || page.next === null) return flow?.observedAt ?? null;
    after = page.next;
  }
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
