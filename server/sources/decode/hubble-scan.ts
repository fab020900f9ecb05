/**
 * Finds where the fields of a common GetFlowsResponse stand in its bytes (reference/hubble.md 2.1, 2.3). It knows the
 * common case only, and answers false for whatever is unusual: fields that are newer than this program or come twice,
 * L7, extensions, aggregates, numbers that are not small, bytes that are no such message.
 */
import { scanEventType, scanIp, scanIsReply, scanL4, scanTime, take } from './hubble-scan-parts.ts';
import { resetScan, type Scan, type Span } from './hubble-scanned.ts';
import { type Cursor, NOT_READ, scanLength, scanNumber, skipNumber } from './scan.ts';
import { WIRE } from '../wire-reader.ts';

/** Whether the message holds a flow, and nothing else than what is now in `scan`. Texts are not yet known to be UTF-8. */
export function scanResponse(scan: Scan, bytes: Buffer): boolean {
  resetScan(scan);
  const end = bytes.length;
  let told = false;
  while (scan.at < end) {
    const tag = scanNumber(scan, bytes, end);
    if (tag === NOT_READ || (tag & 7) !== WIRE.bytes) return false;
    const next = scanLength(scan, bytes, end);
    if (next === NOT_READ) return false;
    switch (tag >>> 3) {
      case 1: // flow
        if (told || !scanFlow(scan, bytes, next)) return false;
        told = true;
        break;
      case 1000: // node_name
        if (!take(scan, scan.outerNode, next)) return false;
        break;
      case 1001: // time
        if (scan.outerTime.told || !scanTime(scan, bytes, next, scan.outerTime)) return false;
        break;
      default:
        return false;
    }
  }
  return told;
}

function scanFlow(scan: Scan, bytes: Buffer, end: number): boolean {
  while (scan.at < end) {
    const start = scan.at;
    const tag = scanNumber(scan, bytes, end);
    if (tag === NOT_READ) return false;
    const wireType = tag & 7;
    const read =
      wireType === WIRE.bytes
        ? scanMessageField(scan, bytes, end, tag >>> 3, start)
        : wireType === WIRE.varint && scanNumberField(scan, bytes, end, tag >>> 3);
    if (!read) return false;
  }
  return true;
}

function scanNumberField(scan: Scan, bytes: Buffer, end: number, field: number): boolean {
  switch (field) {
    case 23: // policy_match_type
    case 27: // debug_capture_point
    case 29: // proxy_port
    case 31: // sock_xlate_point
    case 32: // socket_cookie
    case 33: // cgroup_id
    case 35: // auth_type
    case 36: // trace_reason
      return skipNumber(scan, bytes, end);
  }
  const value = scanNumber(scan, bytes, end);
  if (value === NOT_READ || field > 31 || !once(scan, field)) return false;
  switch (field) {
    case 2:
      scan.verdict = value;
      return true;
    case 3:
      scan.dropReason = value;
      return true;
    case 10:
      scan.flowType = value;
      return true;
    case 16:
      scan.reply = value === 0 ? 0 : 1;
      return true;
    case 22:
      scan.direction = value;
      return true;
    case 24:
      scan.tracePoint = value;
      return true;
    case 25:
      scan.dropReasonDesc = value;
      return true;
    default:
      return false;
  }
}

/** Reads a field that has a length; `start` is where its tag begins. */
function scanMessageField(
  scan: Scan,
  bytes: Buffer,
  end: number,
  field: number,
  start: number,
): boolean {
  const next = scanLength(scan, bytes, end);
  if (next === NOT_READ) return false;
  switch (field) {
    case 1:
      return !scan.time.told && scanTime(scan, bytes, next, scan.time);
    case 5:
      return once(scan, field) && scanIp(scan, bytes, next);
    case 6:
      return once(scan, field) && scanL4(scan, bytes, next);
    case 8:
      return take(scan, scan.source, next);
    case 9:
      return take(scan, scan.destination, next);
    case 11:
      return take(scan, scan.node, next);
    case 13:
      return join(scan, scan.sourceNames, start, next);
    case 14:
      return join(scan, scan.destinationNames, start, next);
    case 19:
      return once(scan, field) && scanEventType(scan, bytes, next);
    case 20:
      return once(scan, field) && join(scan, scan.sourceService, start, next);
    case 21:
      return once(scan, field) && join(scan, scan.destinationService, start, next);
    case 26:
      return once(scan, field) && scanIsReply(scan, bytes, next);
    case 34:
      return take(scan, scan.uuid, next);
    case 21001: // egress_allowed_by
    case 21002: // ingress_allowed_by
    case 21004: // egress_denied_by
    case 21005: // ingress_denied_by
      return join(scan, scan.policies, start, next);
    case 4: // ethernet
    case 28: // interface
    case 30: // trace_context
    case 37: // node_labels
    case 38: // file
    case 39: // tunnel
    case 40: // ip_trace_id
    case 41: // emitter
    case 21006: // policy_log
    case 100000: // Summary
      scan.at = next;
      return true;
    default:
      return false;
  }
}

function once(scan: Scan, field: number): boolean {
  const bit = 1 << field;
  if ((scan.seen & bit) !== 0) return false;
  scan.seen |= bit;
  return true;
}

/** Adds a whole field to those that stand right before it. */
function join(scan: Cursor, span: Span, start: number, next: number): boolean {
  if (span.from === -1) span.from = start;
  else if (span.end !== start) return false;
  span.end = next;
  scan.at = next;
  return true;
}
