import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

/** https://www.sqlite.org/fileformat2.html#the_write_ahead_log */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;

/** https://www.sqlite.org/walformat.html#the_wal_index_file_format */
const INDEX_BYTES = 136;
const INDEX_FRAMES = 16;
const INDEX_SALT = 32;
const INDEX_COPIED = 96;
const INDEX_COPYING = 128;

/** How the write-ahead log that a process left behind goes with its database. */
export type LogState =
  /** SQLite recovers from it. What its end lost is whole commits, which are read again. */
  | 'sound'
  /** Nobody can tell. */
  | 'doubtful'
  /** It is damaged, and all that it held is in the database. */
  | 'superfluous'
  /** It was deleted or damaged when a part of it had been copied: the database has old pages beside new ones. */
  | 'lacking';

/**
 * Compares the log with what the shared memory says of it; asked before the database is opened. What was copied
 * had been written to the disk before, so that a log of the same salt that lacks it did not lose it by a power cut.
 */
export function logState(file: string): LogState {
  const index = readIndex(`${file}-shm`);
  if (index === undefined || index.copied === 0) return 'sound';
  const { copied, frames, salt } = index;
  if (copied > frames) return 'doubtful';
  const isWhole = copied === frames;
  const log = openLog(`${file}-wal`);
  if (log === undefined) return isWhole ? 'sound' : 'lacking';
  using opened = log;
  const { header } = opened;
  if (header !== undefined && !header.salt.equals(salt)) return 'doubtful';
  if (header !== undefined && opened.soundFrames(copied) === copied) return 'sound';
  return isWhole ? 'superfluous' : 'lacking';
}

type Index = { readonly frames: number; readonly copied: number; readonly salt: Buffer };

function readIndex(path: string): Index | undefined {
  const bytes = readIfThere(path);
  if (bytes === undefined || bytes.length < INDEX_BYTES) return undefined;
  // Its two copies differ when the process died while it wrote them.
  const isWhole = bytes.subarray(0, 48).equals(bytes.subarray(48, 96));
  if (!isWhole) return undefined;
  // Numbers are in the order of this machine; the salt stands as in the log.
  const read = (at: number): number =>
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, LITTLE_ENDIAN);
  return {
    frames: read(INDEX_FRAMES),
    copied: Math.max(read(INDEX_COPIED), read(INDEX_COPYING)),
    salt: bytes.subarray(INDEX_SALT, INDEX_SALT + 8),
  };
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

type Log = Disposable & {
  /** `undefined` where it is not that of a log. */
  readonly header: { readonly salt: Buffer } | undefined;
  /** Frames from the beginning whose checksums hold, at most `limit`. */
  soundFrames(limit: number): number;
};

function openLog(path: string): Log | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  const header = Buffer.alloc(HEADER_BYTES);
  const isWhole = readSync(descriptor, header, 0, HEADER_BYTES, 0) === HEADER_BYTES;
  const magic = header.readUInt32BE(0);
  const isBigEndian = (magic & 1) === 1;
  const sum = checksum(header.subarray(0, 24), [0, 0], isBigEndian);
  const isLog = isWhole && (magic & ~1) >>> 0 === MAGIC && isSum(header, 24, sum);
  const salt = header.subarray(16, 24);
  return {
    header: isLog ? { salt } : undefined,
    soundFrames(limit) {
      const frameBytes = FRAME_HEADER_BYTES + header.readUInt32BE(8);
      const frames = Math.floor((fstatSync(descriptor).size - HEADER_BYTES) / frameBytes);
      const frame = Buffer.alloc(frameBytes);
      let running = sum;
      for (let at = 0; at < Math.min(frames, limit); at += 1) {
        readSync(descriptor, frame, 0, frameBytes, HEADER_BYTES + at * frameBytes);
        running = checksum(frame.subarray(0, 8), running, isBigEndian);
        running = checksum(frame.subarray(FRAME_HEADER_BYTES), running, isBigEndian);
        if (!frame.subarray(8, 16).equals(salt) || !isSum(frame, 16, running)) return at;
      }
      return Math.min(frames, limit);
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

type Sums = readonly [number, number];

const isSum = (bytes: Buffer, at: number, [one, other]: Sums): boolean =>
  bytes.readUInt32BE(at) === one && bytes.readUInt32BE(at + 4) === other;

function checksum(bytes: Buffer, [first, second]: Sums, isBigEndian: boolean): Sums {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let [one, other] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    one = (one + view.getUint32(at, !isBigEndian) + other) >>> 0;
    other = (other + view.getUint32(at + 4, !isBigEndian) + one) >>> 0;
  }
  return [one, other];
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';
