import { hash } from 'node:crypto';
import type { FlowId } from '../../core/flow.ts';

const HEX_128 = /^[0-9a-f]{32}$/;

/** 128 bits of a hash over the parts, as 32 hex digits. Parts are separated, so that `a|b` and `ab` differ. */
export function hashedId(parts: readonly (string | number | bigint)[]): FlowId {
  return hash('sha256', parts.join('\u0000'), 'hex').slice(0, 32) as FlowId;
}

/** The uuid that the reporting node gave the event, without dashes. One that is no uuid is hashed. */
export function idFromUuid(uuid: string): FlowId {
  const digits = uuid.replaceAll('-', '').toLowerCase();
  return HEX_128.test(digits) ? (digits as FlowId) : hashedId(['uuid', uuid]);
}

/** Where a record stands in a file: names it when nothing in it does. */
export type RecordPlace = {
  /** Fingerprint of the file. */
  readonly file: string;
  /** Tells equal lines of the file apart: byte offset of the line, or how many equal ones came before. */
  readonly offset: number;
  /** True where two records with one uuid are two records (imports). */
  readonly always: boolean;
};

/** Holds the record's own bytes too: two files may begin alike, and stand apart only later. */
export function idFromPlace(place: RecordPlace, record: Uint8Array): FlowId {
  const head = Buffer.from(`${place.file}\u0000${place.offset}\u0000`);
  return hash('sha256', Buffer.concat([head, record]), 'hex').slice(0, 32) as FlowId;
}
