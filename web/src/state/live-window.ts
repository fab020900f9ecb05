import type { FlowJson, FlowsResponse } from '../../../server/http/contract.ts';
import type { Api } from '../api/client.ts';

export type WindowRequest = {
  readonly api: Api;
  readonly q: string;
  readonly t: string;
  readonly signal: AbortSignal;
};

const FIRST_PAGE = 200;
const DROP_PAGE = 1_000;
const DROP_PAGES = 5;
const MISSED_PAGE = 1_000;
const MISSED_PAGES = 3;

export const readFirstPage = ({ api, q, t, signal }: WindowRequest): Promise<FlowsResponse> =>
  api.flows({ q, t, limit: FIRST_PAGE, order: 'newest' }, signal);

/** The query, and dropped on top of it. */
const droppedOnly = (q: string): string =>
  q.trim() === '' ? 'verdict:dropped' : `(${q}) verdict:dropped`;

/** Drops of the range up to `head`, at most 5,000; `truncated` when there are more. */
export async function readDrops(
  { api, q, t, signal }: WindowRequest,
  head: number,
): Promise<{ readonly drops: readonly FlowJson[]; readonly truncated: boolean }> {
  const drops: FlowJson[] = [];
  let after = Number.isFinite(head) ? head + 1 : undefined;
  for (let i = 0; i < DROP_PAGES; i++) {
    const page = await api.flows(
      {
        q: droppedOnly(q),
        t,
        limit: DROP_PAGE,
        order: 'newest',
        ...(after === undefined ? {} : { after }),
      },
      signal,
    );
    drops.push(...page.flows);
    if (page.next === null) return { drops, truncated: false };
    after = page.next;
  }
  return { drops, truncated: true };
}

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
