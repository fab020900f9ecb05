/** Bytes that are not the protobuf message they should be. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, group: 3, endGroup: 4, fixed32: 5 } as const;

/** Messages may nest; records of a hostile sender must not exhaust the stack. */
const MAX_DEPTH = 64;
/** Below this length a loop over the bytes is faster than a call into the decoder. */
const SHORT_TEXT = 24;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A position in protobuf bytes. Everything it reads is checked against the end; errors are `WireError`. */
export class WireReader {
  position: number;
  readonly bytes: Buffer;
  private readonly end: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
    this.end = this.bytes.length;
  }

  checkDepth(depth: number): void {
    if (depth > MAX_DEPTH) throw new WireError('nested too deeply');
  }

  expectAt(end: number): void {
    if (this.position !== end) throw new WireError('a field is longer than its message');
  }

  private byte(): number {
    const value = this.position < this.end ? this.bytes[this.position] : undefined;
    if (value === undefined) throw new WireError('cut short');
    this.position += 1;
    return value;
  }

  /** Low 32 bits of a varint; the rest is read and dropped, as protobuf demands. */
  uint32(): number {
    let byte = this.byte();
    if (byte < 128) return byte;
    let value = byte & 127;
    for (let shift = 7; shift < 70; shift += 7) {
      byte = this.byte();
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw new WireError('a number is longer than ten bytes');
  }

  int32(): number {
    return this.uint32() | 0;
  }

  uint64(): bigint {
    const first = this.position;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      if (byte < 128 && this.position === first + 1) return BigInt(byte);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new WireError('a number is longer than ten bytes');
  }

  double(): number {
    const at = this.advance(8);
    return this.bytes.readDoubleLE(at);
  }

  /** Reads a length and answers with the position where what it measures ends. */
  lengthEnd(): number {
    const length = this.uint32();
    const end = this.position + length;
    if (end > this.end) throw new WireError('cut short');
    return end;
  }

  string(): string {
    const end = this.lengthEnd();
    const from = this.position;
    this.position = end;
    return readText(this.bytes, from, end);
  }

  base64(): string {
    const end = this.lengthEnd();
    const text = this.bytes.toString('base64', this.position, end);
    this.position = end;
    return text;
  }

  private advance(length: number): number {
    const at = this.position;
    if (at + length > this.end) throw new WireError('cut short');
    this.position = at + length;
    return at;
  }

  skip(wireType: number, depth: number): void {
    this.checkDepth(depth);
    if (wireType === WIRE.varint) this.uint32();
    else if (wireType === WIRE.fixed64) this.advance(8);
    else if (wireType === WIRE.bytes) this.position = this.lengthEnd();
    else if (wireType === WIRE.fixed32) this.advance(4);
    else if (wireType === WIRE.group) this.skipGroup(depth + 1);
    else throw new WireError(`wire type ${wireType} does not exist`);
  }

  private skipGroup(depth: number): void {
    for (;;) {
      const wireType = this.uint32() & 7;
      if (wireType === WIRE.endGroup) return;
      this.skip(wireType, depth);
    }
  }
}

/** UTF-8 text; `from` and `end` must lie within `bytes`. Throws `WireError` on bytes that are no UTF-8. */
export function readText(bytes: Buffer, from: number, end: number): string {
  if (end - from > SHORT_TEXT) {
    const text = bytes.toString('latin1', from, end);
    return isAscii(text) ? text : decodeUtf8(bytes, from, end);
  }
  let text = '';
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte > 127) return decodeUtf8(bytes, from, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

function decodeUtf8(bytes: Buffer, from: number, end: number): string {
  try {
    return utf8.decode(bytes.subarray(from, end));
  } catch (cause) {
    throw new WireError('text is not UTF-8', { cause });
  }
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 127) return false;
  return true;
}
