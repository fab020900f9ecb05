import type { Flow } from '../../core/flow.ts';
import { readForDecoding } from '../hubble-proto.ts';
import type { KnownEnd } from './hubble-ends.ts';
import { hubbleEvent, hubbleReply } from './hubble-parts.ts';
import { hubbleDirection, hubbleReporter } from './hubble-reporter.ts';
import type { Scan } from './hubble-scanned.ts';
import { hubbleVerdict, wireVerdict } from './hubble-verdict.ts';
import { isObject } from './loose-json.ts';

/** What follows from a flow's small numbers. */
export type FlowHead = Pick<
  Flow,
  'event' | 'reporter' | 'direction' | 'reply' | 'verdict' | 'wireVerdict'
>;

type Entry = { readonly first: number; readonly second: number; readonly head: FlowHead };

/** Places for combinations of numbers, of which a cluster has some dozens. */
const PLACES = 4096;

/**
 * Remembers heads by all that they are made of. One that is new is made from the message's JSON. The
 * numbers must be ordinary.
 */
export function createHeads(): (
  scan: Scan,
  ends: { readonly source: KnownEnd; readonly destination: KnownEnd; readonly named: boolean },
  message: Buffer,
) => FlowHead {
  const places = new Array<Entry | undefined>(PLACES).fill(undefined);
  return (scan, { source, destination, named }, message) => {
    const first =
      scan.verdict |
      (scan.direction << 4) |
      (scan.isReply << 6) |
      (scan.reply << 8) |
      (scan.flowType << 9) |
      ((named ? 1 : 0) << 12) |
      (scan.eventType << 13) |
      ((source.local ? 1 : 0) << 21) |
      ((destination.local ? 1 : 0) << 22) |
      ((source.retina && destination.retina ? 1 : 0) << 23);
    const second =
      scan.subType | (scan.dropReasonDesc << 8) | (scan.dropReason << 16) | (scan.tracePoint << 24);
    const mixed = Math.imul(first, 0x9e37_79b1) ^ Math.imul(second, 0x85eb_ca6b);
    const place = (mixed ^ (mixed >>> 15)) & (PLACES - 1);
    const known = places[place];
    if (known?.first === first && known.second === second) return known.head;
    const head = headOf(readForDecoding(message)['flow']);
    places[place] = { first, second, head };
    return head;
  };
}

/** Whether each number fits the bits that `createHeads` has for it. */
export function isOrdinary(scan: Scan): boolean {
  return (
    scan.verdict <= 0xf &&
    scan.direction <= 0x3 &&
    scan.flowType <= 0x7 &&
    scan.eventType <= 0xff &&
    scan.subType <= 0xff &&
    scan.dropReasonDesc <= 0xff &&
    scan.dropReason <= 0xff &&
    scan.tracePoint <= 0x7f
  );
}

function headOf(told: unknown): FlowHead {
  const flow = isObject(told) ? told : {};
  const event = hubbleEvent(flow);
  const wire = wireVerdict(flow);
  const direction = hubbleDirection(flow);
  const reply = hubbleReply(flow);
  return {
    event,
    reporter: hubbleReporter(flow, event, direction, reply === 'yes'),
    direction,
    reply,
    verdict: hubbleVerdict(flow, wire, event),
    wireVerdict: wire,
  };
}
