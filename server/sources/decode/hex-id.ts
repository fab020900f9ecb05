import type { FlowId } from '../../core/flow.ts';
import { idFromUuid } from './flow-id.ts';
import { readText } from '../wire-reader.ts';

const UUID_LENGTH = 36;
const DASH = 0x2d;

/** The lower-case digit for each byte that is a hex digit; 0 for all others. */
const DIGIT = new Uint8Array(256);
for (const digit of '0123456789abcdefABCDEF') {
  DIGIT[digit.charCodeAt(0)] = digit.toLowerCase().charCodeAt(0);
}

const digits = Buffer.alloc(32);

/** What `idFromUuid` answers for the text from `from` up to `end`, which throws `WireError` where it is no UTF-8. */
export function idFromUuidBytes(bytes: Buffer, from: number, end: number): FlowId {
  if (end - from === UUID_LENGTH && copyDigits(bytes, from)) {
    return digits.toString('latin1') as FlowId;
  }
  return idFromUuid(readText(bytes, from, end));
}

function copyDigits(bytes: Buffer, from: number): boolean {
  let count = 0;
  for (let at = 0; at < UUID_LENGTH; at += 1) {
    const byte = bytes[from + at] ?? 0;
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (byte !== DASH) return false;
      continue;
    }
    const digit = DIGIT[byte] ?? 0;
    if (digit === 0) return false;
    digits[count] = digit;
    count += 1;
  }
  return true;
}
