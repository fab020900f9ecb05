/** Reads of protobuf by a cursor, without a word on failure: who calls has another way to read the same bytes. */

export type Cursor = { at: number };

/** What a read answers where the bytes are unusual or no protobuf; the cursor is then anywhere. */
export const NOT_READ = -1;

/** A varint below 2^32 that is at most five bytes long. */
export function scanNumber(cursor: Cursor, bytes: Buffer, end: number): number {
  let at = cursor.at;
  if (at >= end) return NOT_READ;
  const first = bytes[at] ?? 0;
  at += 1;
  if (first < 128) {
    cursor.at = at;
    return first;
  }
  let value = first & 127;
  for (let shift = 7; shift <= 28; shift += 7) {
    if (at >= end) return NOT_READ;
    const byte = bytes[at] ?? 0;
    at += 1;
    if (byte < 128) {
      if (shift === 28 && byte > 15) return NOT_READ;
      cursor.at = at;
      return (value | (byte << shift)) >>> 0;
    }
    value |= (byte & 127) << shift;
  }
  return NOT_READ;
}

/** A length, of which as many bytes follow before `end`. Answers with where those end; the cursor is at the first. */
export function scanLength(cursor: Cursor, bytes: Buffer, end: number): number {
  const length = scanNumber(cursor, bytes, end);
  if (length === NOT_READ || length > end - cursor.at) return NOT_READ;
  return cursor.at + length;
}

/** Passes over a varint of up to ten bytes. */
export function skipNumber(cursor: Cursor, bytes: Buffer, end: number): boolean {
  const last = Math.min(end, cursor.at + 10);
  for (let at = cursor.at; at < last; at += 1) {
    if ((bytes[at] ?? 0) < 128) {
      cursor.at = at + 1;
      return true;
    }
  }
  return false;
}

/** Passes over a length and what it measures. */
export function skipBytes(cursor: Cursor, bytes: Buffer, end: number): boolean {
  const next = scanLength(cursor, bytes, end);
  if (next === NOT_READ) return false;
  cursor.at = next;
  return true;
}
