/** Messages within a flow, each up to its `end`; all answer as `scanResponse` does. */
import type { Scan, ScannedTime, Span } from './hubble-scanned.ts';
import { type Cursor, NOT_READ, scanLength, scanNumber, skipBytes, skipNumber } from './scan.ts';
import { WIRE } from '../wire-reader.ts';

/** Notes a field's content, which begins at the cursor. */
export function take(scan: Cursor, span: Span, next: number): boolean {
  if (span.from !== -1) return false;
  span.from = scan.at;
  span.end = next;
  scan.at = next;
  return true;
}

/** Nanoseconds of a second are fewer than this. */
const SECOND = 1_000_000_000;

export function scanTime(scan: Cursor, bytes: Buffer, end: number, time: ScannedTime): boolean {
  time.told = true;
  time.seconds = 0;
  time.nanos = 0;
  while (scan.at < end) {
    const tag = scanNumber(scan, bytes, end);
    if (tag !== 8 && tag !== 16) return false;
    const value = scanNumber(scan, bytes, end);
    if (value === NOT_READ) return false;
    if (tag === 8) time.seconds = value;
    else time.nanos = value;
  }
  return time.nanos < SECOND;
}

export function scanIp(scan: Scan, bytes: Buffer, end: number): boolean {
  while (scan.at < end) {
    const tag = scanNumber(scan, bytes, end);
    // ipVersion and encrypted
    if (tag === 24 || tag === 32) {
      if (!skipNumber(scan, bytes, end)) return false;
      continue;
    }
    if (tag !== 10 && tag !== 18 && tag !== 42) return false;
    const next = scanLength(scan, bytes, end);
    if (next === NOT_READ) return false;
    const span = tag === 10 ? scan.sourceIp : tag === 18 ? scan.destinationIp : scan.translatedIp;
    if (!take(scan, span, next)) return false;
  }
  return true;
}

/** Members of Layer4: TCP, UDP, ICMPv4, ICMPv6, SCTP. */
const LAST_L4 = 5;

export function scanL4(scan: Scan, bytes: Buffer, end: number): boolean {
  while (scan.at < end) {
    const tag = scanNumber(scan, bytes, end);
    if (tag === NOT_READ || (tag & 7) !== WIRE.bytes) return false;
    const member = tag >>> 3;
    if (member === 0 || member > LAST_L4 || scan.l4 !== 0) return false;
    scan.l4 = member;
    const next = scanLength(scan, bytes, end);
    if (next === NOT_READ || !scanPorts(scan, bytes, next, member)) return false;
  }
  return true;
}

function scanPorts(scan: Scan, bytes: Buffer, end: number, member: number): boolean {
  while (scan.at < end) {
    const tag = scanNumber(scan, bytes, end);
    // flags of TCP
    if (tag === 26 && member === 1) {
      if (!skipBytes(scan, bytes, end)) return false;
      continue;
    }
    if (tag !== 8 && tag !== 16) return false;
    const value = scanNumber(scan, bytes, end);
    if (value === NOT_READ) return false;
    // Type and code of ICMP stand where others have ports.
    if (member === 3 || member === 4) continue;
    if (tag === 8) scan.sourcePort = value;
    else scan.destinationPort = value;
  }
  return true;
}

export function scanEventType(scan: Scan, bytes: Buffer, end: number): boolean {
  while (scan.at < end) {
    const tag = scanNumber(scan, bytes, end);
    if (tag !== 8 && tag !== 16) return false;
    const value = scanNumber(scan, bytes, end);
    if (value === NOT_READ) return false;
    if (tag === 8) scan.eventType = value;
    else scan.subType = value;
  }
  return true;
}

export function scanIsReply(scan: Scan, bytes: Buffer, end: number): boolean {
  scan.isReply = 1;
  while (scan.at < end) {
    if (scanNumber(scan, bytes, end) !== 8) return false;
    const value = scanNumber(scan, bytes, end);
    if (value === NOT_READ) return false;
    scan.isReply = value === 0 ? 1 : 2;
  }
  return true;
}
