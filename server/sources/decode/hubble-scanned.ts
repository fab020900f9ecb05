import type { Cursor } from './scan.ts';

/** Bytes of a message from `from` up to `end`; `from` is -1 where there are none. */
export type Span = { from: number; end: number };

export type ScannedTime = { told: boolean; seconds: number; nanos: number };

/** What `scanResponse` found; used again for each message. Numbers are 0 where the field is absent, as in proto3. */
export type Scan = Cursor & {
  readonly time: ScannedTime;
  readonly node: Span;
  readonly outerTime: ScannedTime;
  readonly outerNode: Span;
  readonly source: Span;
  readonly destination: Span;
  readonly sourceIp: Span;
  readonly destinationIp: Span;
  readonly translatedIp: Span;
  readonly uuid: Span;
  /** Whole fields, with their tags. */
  readonly sourceNames: Span;
  readonly destinationNames: Span;
  readonly sourceService: Span;
  readonly destinationService: Span;
  /** All entries of the four lists of policies. */
  readonly policies: Span;
  /** Number of the member of Layer4; 0 for none. */
  l4: number;
  sourcePort: number;
  destinationPort: number;
  verdict: number;
  dropReason: number;
  dropReasonDesc: number;
  flowType: number;
  eventType: number;
  subType: number;
  direction: number;
  tracePoint: number;
  reply: number;
  /** 0 absent, 1 false, 2 true. */
  isReply: number;
  /** A bit for each field of Flow below 32 that was met and must not come again: messages would have to be merged. */
  seen: number;
};

const span = (): Span => ({ from: -1, end: -1 });
const time = (): ScannedTime => ({ told: false, seconds: 0, nanos: 0 });

export function createScan(): Scan {
  return {
    at: 0,
    time: time(),
    node: span(),
    outerTime: time(),
    outerNode: span(),
    source: span(),
    destination: span(),
    sourceIp: span(),
    destinationIp: span(),
    translatedIp: span(),
    uuid: span(),
    sourceNames: span(),
    destinationNames: span(),
    sourceService: span(),
    destinationService: span(),
    policies: span(),
    l4: 0,
    sourcePort: 0,
    destinationPort: 0,
    verdict: 0,
    dropReason: 0,
    dropReasonDesc: 0,
    flowType: 0,
    eventType: 0,
    subType: 0,
    direction: 0,
    tracePoint: 0,
    reply: 0,
    isReply: 0,
    seen: 0,
  };
}

/** Makes it as new. */
export function resetScan(scan: Scan): void {
  scan.at = 0;
  scan.time.told = scan.outerTime.told = false;
  scan.node.from = scan.outerNode.from = -1;
  scan.source.from = scan.destination.from = -1;
  scan.sourceIp.from = scan.destinationIp.from = scan.translatedIp.from = -1;
  scan.uuid.from = scan.policies.from = -1;
  scan.sourceNames.from = scan.destinationNames.from = -1;
  scan.sourceService.from = scan.destinationService.from = -1;
  scan.l4 = scan.sourcePort = scan.destinationPort = 0;
  scan.verdict = scan.dropReason = scan.dropReasonDesc = 0;
  scan.flowType = scan.eventType = scan.subType = 0;
  scan.direction = scan.tracePoint = scan.reply = scan.isReply = 0;
  scan.seen = 0;
}
