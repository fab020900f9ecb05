/**
 * Dense forms of numbers, times and ids. Byte n of every number stands together in one plane: high bytes are alike
 * and compress to nearly nothing.
 */

const MIN_INT32 = -0x80000000;
const MAX_INT32 = 0x7fffffff;
const TWO_32 = 0x100000000;

/** A delta's zigzag form must be exact as a double, with room for the sign. */
const MAX_DELTA = 2 ** 51;

/** Four planes; `undefined` where a number is no 32-bit integer. */
export function encodeInt32(numbers: readonly number[]): Buffer | undefined {
  const rows = numbers.length;
  const payload = Buffer.allocUnsafe(rows * 4);
  for (let row = 0; row < rows; row++) {
    const value = numbers[row] ?? 0;
    if (!Number.isInteger(value) || value < MIN_INT32 || value > MAX_INT32) return undefined;
    putPlanes(payload, rows, row, value);
  }
  return payload;
}

function putPlanes(planes: Buffer, rows: number, at: number, value: number): void {
  planes[at] = value & 0xff;
  planes[rows + at] = (value >>> 8) & 0xff;
  planes[2 * rows + at] = (value >>> 16) & 0xff;
  planes[3 * rows + at] = value >>> 24;
}

function getPlanes(planes: Buffer, rows: number, at: number): number {
  return (
    (planes[at] ?? 0) |
    ((planes[rows + at] ?? 0) << 8) |
    ((planes[2 * rows + at] ?? 0) << 16) |
    ((planes[3 * rows + at] ?? 0) << 24)
  );
}

export function decodeInt32(payload: Buffer, rows: number): Int32Array {
  const numbers = new Int32Array(rows);
  for (let row = 0; row < rows; row++) numbers[row] = getPlanes(payload, rows, row);
  return numbers;
}

/** The first time, then eight planes of zigzag differences; `undefined` where one is too large. */
export function encodeDeltas(times: BigInt64Array): Buffer | undefined {
  const rows = times.length;
  const payload = Buffer.allocUnsafe(8 + rows * 8);
  payload.writeBigInt64LE(times[0] ?? 0n);
  const low = payload.subarray(8);
  const high = low.subarray(rows * 4);
  // Halves as doubles: a bigint a row would cost more than all the rest.
  const lows = new Uint32Array(times.buffer, times.byteOffset, rows * 2);
  const highs = new Int32Array(times.buffer, times.byteOffset, rows * 2);
  let previousLow = lows[0] ?? 0;
  let previousHigh = highs[1] ?? 0;
  for (let row = 0; row < rows; row++) {
    const nextLow = lows[row * 2] ?? 0;
    const nextHigh = highs[row * 2 + 1] ?? 0;
    const delta = (nextHigh - previousHigh) * TWO_32 + (nextLow - previousLow);
    if (delta > MAX_DELTA || delta < -MAX_DELTA) return undefined;
    previousLow = nextLow;
    previousHigh = nextHigh;
    const zigzag = delta < 0 ? -delta * 2 - 1 : delta * 2;
    putPlanes(low, rows, row, zigzag >>> 0);
    putPlanes(high, rows, row, Math.floor(zigzag / TWO_32));
  }
  return payload;
}

/** Halves of the times, as in `encodeDeltas`; a bigint a row would cost more than all the rest here too. */
export function decodeDeltas(payload: Buffer, rows: number): BigInt64Array {
  const times = new BigInt64Array(rows);
  const halves = new Int32Array(times.buffer);
  const low = payload.subarray(8);
  const high = low.subarray(rows * 4);
  let timeLow = payload.readUInt32LE(0);
  let timeHigh = payload.readInt32LE(4);
  for (let row = 0; row < rows; row++) {
    const lowHalf = getPlanes(low, rows, row) >>> 0;
    const zigzag = (getPlanes(high, rows, row) >>> 0) * TWO_32 + lowHalf;
    const sum = timeLow + (lowHalf & 1 ? -(zigzag + 1) / 2 : zigzag / 2);
    const carry = Math.floor(sum / TWO_32);
    timeLow = sum - carry * TWO_32;
    timeHigh += carry;
    halves[row * 2] = timeLow;
    halves[row * 2 + 1] = timeHigh;
  }
  return times;
}

/** For times that lie too far apart. */
export const encodePlainTimes = (times: BigInt64Array): Buffer =>
  Buffer.from(times.buffer, times.byteOffset, times.byteLength);

export function decodePlainTimes(payload: Buffer, rows: number): BigInt64Array {
  const times = new BigInt64Array(rows);
  for (let row = 0; row < rows; row++) times[row] = payload.readBigInt64LE(row * 8);
  return times;
}

const ID_DIGITS = 32;
const LOWER_HEX = /^[0-9a-f]*$/;

/** 16 bytes a row; `undefined` where an id is not 32 lower-case hexadecimal digits. */
export function encodeIds(ids: readonly string[]): Buffer | undefined {
  for (const id of ids) if (id.length !== ID_DIGITS) return undefined;
  const digits = ids.join('');
  return LOWER_HEX.test(digits) ? Buffer.from(digits, 'hex') : undefined;
}

/** Numbers of neighboring blocks as one: plane by plane, without a look at any of them. */
export function joinPlanes(payloads: readonly Buffer[]): Buffer {
  const planes = [0, 1, 2, 3].flatMap((plane) =>
    payloads.map((payload) => {
      const rows = payload.length / 4;
      return payload.subarray(plane * rows, (plane + 1) * rows);
    }),
  );
  return Buffer.concat(planes);
}
