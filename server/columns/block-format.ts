/** The bytes of a block: format, header length, header, payloads (docs/block-format.md). */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { StoredColumn } from './column-specs.ts';
import type { StoredKind } from './encoding.ts';

type Entry = readonly [
  name: StoredColumn,
  kind: StoredKind,
  distinct: number,
  codec: 'plain' | 'zstd',
  offset: number,
  length: number,
];

type Header = { readonly rows: number; readonly columns: readonly Entry[] };

const FORMAT = 1;

/** Below this a frame costs more than it saves. */
const MIN_COMPRESSED_BYTES = 512;

/** With a checksum: a byte that changes on the disk is found when the column is read. */
const ZSTD = {
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
};

/** A written block as it goes to the disk. */
export function compressBlock(plain: Buffer): Buffer {
  const { rows, names, entry, payload } = readParts(plain);
  const packed = names.map((name) => {
    const [, kind, distinct] = entry(name);
    return { name, kind, distinct, ...compress(kind, payload(name)) };
  });
  return assemble(rows, packed);
}

/** A block without its compression: the same bytes for the same rows, however they came together. */
export function decompressBlock(blob: Buffer): Buffer {
  const { rows, names, entry, payload } = readParts(blob);
  const columns = names.map((name) => {
    const [, kind, distinct] = entry(name);
    return { name, kind, distinct, codec: 'plain' as const, bytes: payload(name) };
  });
  return assemble(rows, columns);
}

export type PackedColumn = Compressed & {
  readonly name: StoredColumn;
  readonly kind: StoredKind;
  readonly distinct: number;
};

/** Puts written columns together. */
export function assemble(rows: number, columns: readonly PackedColumn[]): Buffer {
  let offset = 0;
  const entries = columns.map(({ name, kind, distinct, codec, bytes }): Entry => {
    const start = offset;
    offset += bytes.length;
    return [name, kind, distinct, codec, start, bytes.length];
  });
  const header = Buffer.from(JSON.stringify({ rows, columns: entries } satisfies Header));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(FORMAT, 0);
  prefix.writeUInt32LE(header.length, 1);
  return Buffer.concat([prefix, header, ...columns.map(({ bytes }) => bytes)]);
}

type Compressed = { readonly codec: 'plain' | 'zstd'; readonly bytes: Buffer };

/** Compresses what is worth it; ids are random. */
function compress(kind: StoredKind, bytes: Buffer): Compressed {
  if (kind === 'id16' || bytes.length < MIN_COMPRESSED_BYTES) return { codec: 'plain', bytes };
  const frame = zstdCompressSync(bytes, ZSTD);
  return frame.length < bytes.length ? { codec: 'zstd', bytes: frame } : { codec: 'plain', bytes };
}

function decompress({ codec, bytes }: Compressed): Buffer {
  return codec === 'plain' ? bytes : zstdDecompressSync(bytes);
}

/** A written block, taken apart; payloads without their compression. */
export type Parts = {
  readonly rows: number;
  readonly names: readonly StoredColumn[];
  entry(name: StoredColumn): Entry;
  payload(name: StoredColumn): Buffer;
};

export function readParts(blob: Buffer): Parts {
  if (blob[0] !== FORMAT) throw new Error(`block format ${blob[0] ?? 'missing'} is not known`);
  const start = 5 + blob.readUInt32LE(1);
  const header = JSON.parse(blob.toString('utf8', 5, start)) as Header;
  const entries = new Map(header.columns.map((entry) => [entry[0], entry]));
  const entry = (name: StoredColumn): Entry => {
    const found = entries.get(name);
    if (found === undefined) throw new Error(`block lacks the column ${name}`);
    return found;
  };
  return {
    rows: header.rows,
    names: header.columns.map(([name]) => name),
    entry,
    payload(name) {
      const [, , , codec, offset, length] = entry(name);
      return decompress({
        codec,
        bytes: blob.subarray(start + offset, start + offset + length),
      });
    },
  };
}
