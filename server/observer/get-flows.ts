import type { RecordedFlow } from '../core/flow.ts';
import { nanos, type TimeWindow } from '../core/time.ts';
import { wait } from '../lib/wait.ts';
import type { FlowPage, FlowQuery, PageRequest } from '../store/flow-store.ts';
import { flowMessage, type FlowMessage } from './flow-message.ts';
import { createLostEvents, type LostEvents } from './lost-events.ts';
import type { ObserverParts } from './parts.ts';
import type { AskedFlows } from './request.ts';

/** Where the messages of one call go. */
export type FlowSink = {
  /** Resolves when the client has taken enough for more. */
  readonly send: (message: Buffer) => Promise<void>;
  /** Aborts when nobody listens any more. */
  readonly signal: AbortSignal;
};

/** Records read at once: what is decoded between two turns of the event loop, and held while a client is slow. */
const PAGE_RECORDS = 256;
/** Flows counted at once where no filter has to see their records. */
const PAGE_FLOWS = 2_000;
/** A question gives its reader back after so long, so that a search through weeks holds nobody else up. */
const WORK_MS = 500;
/** How often a call that follows looks for new flows. */
const LOOK_MS = 100;

type Telling = {
  readonly asked: AskedFlows;
  readonly parts: ObserverParts;
  readonly sink: FlowSink;
  readonly query: FlowQuery;
};

/**
 * Tells the flows that a call asks for, in the order in which they were stored. What is told is read in pages, so a
 * client that stops reading stops the reading; one that follows goes on behind the last page, without hole or double.
 */
export async function tellFlows(
  asked: AskedFlows,
  parts: ObserverParts,
  sink: FlowSink,
): Promise<void> {
  const within: Partial<TimeWindow> = {
    ...(asked.since === undefined ? {} : { from: asked.since }),
    ...(asked.until === undefined ? {} : { to: nanos(asked.until + 1n) }),
  };
  using lost = createLostEvents(asked, parts);
  const { head } = await parts.reader.page({ where: undefined }, { limit: 1, order: 'newest' });
  const query = { where: asked.where, within, ...(asked.follow ? {} : { asOf: head }) };
  const telling = { asked, parts, sink, query };
  const after = await startOf(telling, head);
  await tellBehind(after, telling, lost);
}

/** The flow behind which the answer begins. */
async function startOf(telling: Telling, head: number): Promise<number> {
  const { number, first, follow, since } = telling.asked;
  if (since !== undefined || first) return 0;
  if (number === undefined) return follow ? head : 0;
  return number >= head ? 0 : (await newest(number, telling)) - 1;
}

/** The last of the newest `number` flows that are selected; 1 where there are fewer. */
async function newest(number: number, telling: Telling): Promise<number> {
  const { asked, parts, sink, query } = telling;
  const request = { order: 'newest', workMs: WORK_MS } as const;
  let left = number;
  let after: number | undefined;
  while (!sink.signal.aborted) {
    const from = after === undefined ? {} : { after };
    const page =
      asked.selects === undefined
        ? await parts.reader.page(query, { ...request, ...from, limit: PAGE_FLOWS })
        : await selected(telling, { ...request, ...from, limit: PAGE_RECORDS });
    const last = page.flows[left - 1];
    if (last !== undefined) return last.seq;
    if (page.next === undefined) break;
    left -= page.flows.length;
    after = page.next;
  }
  return 1;
}

type Selected = RecordedFlow & { readonly message: FlowMessage };

/** A page of the store without what the filters leave out. */
async function selected(
  { asked: { selects }, parts, query }: Telling,
  request: PageRequest,
): Promise<FlowPage<Selected>> {
  const page = await parts.reader.records(query, request);
  const flows = page.flows
    .map((flow) => ({ ...flow, message: flowMessage(flow) }))
    .filter(
      ({ message }) =>
        selects === undefined || selects({ flow: message.flow(), node: message.node() }),
    );
  return { ...page, flows };
}

async function tellBehind(start: number, telling: Telling, lost: LostEvents): Promise<void> {
  const { asked, parts, sink } = telling;
  const { number, follow, until, mask } = asked;
  const limit = follow ? undefined : number;
  let told = 0;
  let after = start;
  const isHeard = (): boolean => !sink.signal.aborted;
  while (isHeard()) {
    const isOver = until !== undefined && parts.clock.now() > until;
    const page = await selected(telling, {
      ...{ after, limit: PAGE_RECORDS, order: 'oldest', workMs: WORK_MS },
    });
    for (const { message, observedAt } of page.flows) {
      for (const event of await lost.before(observedAt)) await sink.send(event);
      await sink.send(
        mask === undefined ? message.bytes() : message.bytesWith(mask(message.flow())),
      );
      told += 1;
      if (told === limit) return;
    }
    after = page.next ?? Math.max(after, page.head);
    if (page.next !== undefined) continue;
    for (const event of await lost.rest()) await sink.send(event);
    if (!follow || isOver) return;
    while (isHeard() && parts.hub.head <= after) {
      await wait(LOOK_MS, sink.signal);
      for (const event of lost.live()) await sink.send(event);
      if (until !== undefined && parts.clock.now() > until) break;
    }
  }
}
