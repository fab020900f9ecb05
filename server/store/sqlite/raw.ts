import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompressSync } from 'node:zlib';
import type { RawRecord } from '../../core/flow.ts';

/** A run of raw records as it is stored. */
export type RawChunk = {
  readonly rows: number;
  /** Bytes of the records, before compression. */
  readonly size: number;
  readonly frame: Buffer;
};

/**
 * Records are compressed in chunks of this size: a quarter of it takes 14 % more room and half as long again to
 * compress, four times as much gains little; one record is read without the rest of its block.
 */
export const RAW_CHUNK_BYTES = 1024 * 1024;

/**
 * Room for what comes out of most chunks in one piece: each piece is a job of the pool, or a round of its own. Records
 * shrink to a twelfth or less; a piece that is much too large takes memory until it is collected.
 */
const compressedPiece = (content: number): number => clampPiece(content / 4);
const contentPiece = (packed: number): number => clampPiece(packed * 16);
const clampPiece = (bytes: number): number =>
  Math.ceil(Math.min(RAW_CHUNK_BYTES + 64 * 1024, Math.max(16 * 1024, bytes)));

/** Position is the stored code. Append only. */
const FORMATS: readonly RawRecord['format'][] = [
  'hubble-protobuf',
  'hubble-json',
  'calico-json',
  'goldmane-protobuf',
  'goldmane-json',
];

const PLAIN = 0;
const ZSTD = 1;
const MIN_COMPRESSED_BYTES = 512;

const compressInPool = promisify(zstdCompress);

/** Splits records into chunks and compresses them off the main thread. */
export function encodeRaw(records: readonly RawRecord[]): Promise<readonly RawChunk[]> {
  const chunks: Promise<RawChunk>[] = [];
  let start = 0;
  let size = 0;
  for (const [row, record] of records.entries()) {
    if (row > start && size + record.bytes.length > RAW_CHUNK_BYTES) {
      chunks.push(encodeChunk(records.slice(start, row), size));
      start = row;
      size = 0;
    }
    size += record.bytes.length;
  }
  if (start < records.length) chunks.push(encodeChunk(records.slice(start), size));
  return Promise.all(chunks);
}

/** Row count, then a byte of format and four of length for each record, then the records. */
async function encodeChunk(records: readonly RawRecord[], size: number): Promise<RawChunk> {
  const rows = records.length;
  const content = Buffer.allocUnsafe(4 + rows * 5 + size);
  content.writeUInt32LE(rows);
  let offset = 4 + rows * 5;
  for (const [row, { format, bytes }] of records.entries()) {
    content.writeUInt8(FORMATS.indexOf(format), 4 + row);
    content.writeUInt32LE(bytes.length, 4 + rows + row * 4);
    content.set(bytes, offset);
    offset += bytes.length;
  }
  return { rows, size, frame: await frameOf(content) };
}

async function frameOf(content: Buffer): Promise<Buffer> {
  if (content.length >= MIN_COMPRESSED_BYTES) {
    const packed = await compressInPool(content, {
      chunkSize: compressedPiece(content.length),
      params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
    });
    if (packed.length < content.length) return Buffer.concat([Buffer.of(ZSTD), packed]);
  }
  return Buffer.concat([Buffer.of(PLAIN), content]);
}

/** The records of a chunk, one behind the other, and what tells them apart. */
export type RawSections = {
  readonly rows: number;
  /** A byte for each record. */
  readonly formats: Buffer;
  /** Four bytes for each record, little-endian. */
  readonly lengths: Buffer;
  readonly records: Buffer;
};

/** Decompresses a chunk. In the thread pool it takes three times the work, in slices of 16 KiB. */
export function readSections(frame: Buffer): RawSections {
  const content = contentOf(frame);
  const rows = content.readUInt32LE();
  return {
    rows,
    formats: content.subarray(4, 4 + rows),
    lengths: content.subarray(4 + rows, 4 + rows * 5),
    records: content.subarray(4 + rows * 5),
  };
}

function contentOf(frame: Buffer): Buffer {
  const packed = frame.subarray(1);
  if (frame[0] === PLAIN) return packed;
  if (frame[0] !== ZSTD) throw new Error(`codec ${frame[0] ?? 'missing'} of a chunk is not known`);
  return zstdDecompressSync(packed, { chunkSize: contentPiece(packed.length) });
}

/** Opens a chunk; the answer gives the record of a row. */
export function openRaw(frame: Buffer): (row: number) => RawRecord {
  const content = contentOf(frame);
  const rows = content.readUInt32LE();
  if (content.length < 4 + rows * 5) throw new Error('a chunk is too short for its records');
  const starts = new Uint32Array(rows + 1);
  starts[0] = 4 + rows * 5;
  for (let row = 0; row < rows; row++) {
    starts[row + 1] = (starts[row] ?? 0) + content.readUInt32LE(4 + rows + row * 4);
  }
  return (row) => {
    const format = FORMATS[content[4 + row] ?? 0];
    if (row >= rows || format === undefined) throw new Error('raw chunk is not readable');
    const bytes = content.subarray(starts[row], starts[row + 1]);
    return { format, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  };
}

/** All records of chunks that stand together, to be written as fewer chunks. */
export function readRaw(chunks: readonly { rows: number; frame: Buffer }[]): RawRecord[] {
  return chunks.flatMap(({ rows, frame }) => {
    const record = openRaw(frame);
    return Array.from({ length: rows }, (_, row) => record(row));
  });
}
