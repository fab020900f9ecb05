import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { FlowFields } from '../core/flow.ts';
import { COLUMNS, COLUMN_NAMES } from './column-specs.ts';
import type { StoredColumn } from './column-specs.ts';
import {
  decodeDictionary,
  decodeInt32,
  decodeTimes,
  encodeColumn,
  joinDictionaries,
  type Codes,
  type EncodedColumn,
  type StoredKind,
} from './encoding.ts';

/** A decoded column. Dictionary values are parsed when first asked for, and shared by all rows that have them. */
export type Column =
  | {
      readonly kind: 'values';
      readonly codes: Codes;
      readonly distinct: number;
      readonly value: (code: number) => unknown;
    }
  | { readonly kind: 'numbers'; readonly numbers: Int32Array }
  | { readonly kind: 'times'; readonly times: BigInt64Array }
  | { readonly kind: 'ids'; readonly bytes: Buffer };

/** Flows of one commit as a plain block, for whoever shares no objects with the writer. */
export type CommittedBlock = { readonly firstSeq: number; readonly columns: Uint8Array };

/** A stored block, opened: columns are decompressed when they are first asked for, and then kept. */
export type Block = {
  readonly rows: number;
  column(name: StoredColumn): Column;
  /** Memory held now, roughly; it grows as columns are decoded. */
  bytes(): number;
};

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

type NamedColumn = EncodedColumn & { readonly name: StoredColumn };

/** Columns that are encoded and not yet written. */
export type EncodedBlock = {
  readonly rows: number;
  readonly columns: readonly NamedColumn[];
};

/** Flows as one block, with a column of their sequence numbers where these are given. */
export function encodeFlows(flows: readonly FlowFields[], seqs?: readonly number[]): EncodedBlock {
  const columns: NamedColumn[] = COLUMN_NAMES.map((name) => ({
    name,
    ...encodeColumn(name, flows.length, (row) => flows[row]?.[name]),
  }));
  if (seqs !== undefined) {
    const seqAt = (row: number) => BigInt(seqs[row] ?? 0);
    columns.push({ name: 'seq', ...encodeColumn('seq', flows.length, seqAt) });
  }
  return { rows: flows.length, columns };
}

/**
 * The rows of several written blocks, in order, as one block: the same that `encodeFlows` makes of all the flows
 * at once, which seals count on. All have the same columns, and there is at least one.
 */
export function mergeBlocks(blobs: readonly Buffer[]): EncodedBlock {
  const parts = blobs.map(readParts);
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const merge = (name: StoredColumn): EncodedColumn => {
    if (parts.every((part) => part.entry(name)[1] === 'values')) {
      return joinDictionaries(
        parts.map((part) => decodeDictionary(part.payload(name), part.entry(name)[2], part.rows)),
      );
    }
    const all = parts.flatMap((part) => {
      const column = decodeColumn(part, name);
      return Array.from({ length: part.rows }, (_, row) => valueAt(column, row));
    });
    return encodeColumn(name, rows, (row) => all[row]);
  };
  const names = parts[0]?.names ?? [];
  return { rows, columns: names.map((name) => ({ name, ...merge(name) })) };
}

/**
 * A block as bytes: format, header length, header, payloads. `zstd` is for the disk; `plain` costs no time, and
 * is how a block goes to another thread.
 */
export function writeBlock({ rows, columns }: EncodedBlock, codec: 'plain' | 'zstd'): Buffer {
  const entries: Entry[] = [];
  const payloads: Buffer[] = [];
  let offset = 0;
  for (const { name, kind, distinct, payload } of columns) {
    const packed =
      codec === 'zstd' ? compress(payload) : ({ codec: 'plain', bytes: payload } as const);
    entries.push([name, kind, distinct, packed.codec, offset, packed.bytes.length]);
    payloads.push(packed.bytes);
    offset += packed.bytes.length;
  }
  const header = Buffer.from(JSON.stringify({ rows, columns: entries } satisfies Header));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(FORMAT, 0);
  prefix.writeUInt32LE(header.length, 1);
  return Buffer.concat([prefix, header, ...payloads]);
}

/** A written block without its compression: the same bytes for the same rows, however they came together. */
export function writePlain(blob: Buffer): Buffer {
  const { rows, names, entry, payload } = readParts(blob);
  const columns = names.map((name) => {
    const [, kind, distinct] = entry(name);
    return { name, kind, distinct, payload: payload(name) };
  });
  return writeBlock({ rows, columns }, 'plain');
}

type Compressed = { readonly codec: 'plain' | 'zstd'; readonly bytes: Buffer };

/** Compresses what is worth it. */
function compress(bytes: Buffer): Compressed {
  if (bytes.length < MIN_COMPRESSED_BYTES) return { codec: 'plain', bytes };
  const frame = zstdCompressSync(bytes, ZSTD);
  return frame.length < bytes.length ? { codec: 'zstd', bytes: frame } : { codec: 'plain', bytes };
}

function decompress({ codec, bytes }: Compressed): Buffer {
  return codec === 'plain' ? bytes : zstdDecompressSync(bytes);
}

type Parts = {
  readonly rows: number;
  readonly names: readonly StoredColumn[];
  entry(name: StoredColumn): Entry;
  payload(name: StoredColumn): Buffer;
};

function readParts(blob: Buffer): Parts {
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

function decodeColumn(parts: Parts, name: StoredColumn, payload = parts.payload(name)): Column {
  const [, kind, distinct] = parts.entry(name);
  switch (kind) {
    case 'values': {
      const dictionary = decodeDictionary(payload, distinct, parts.rows);
      const spec = COLUMNS[name];
      const unpack = spec.kind === 'values' ? spec.unpack : (value: unknown) => value;
      const parsed = new Array<unknown>(distinct);
      const value = (code: number): unknown =>
        code in parsed
          ? parsed[code]
          : (parsed[code] = unpack(JSON.parse(dictionary.json(code)) as never));
      return { kind: 'values', codes: dictionary.codes, distinct, value };
    }
    case 'int32':
      return { kind: 'numbers', numbers: decodeInt32(payload, parts.rows) };
    case 'delta':
    case 'int64':
      return { kind: 'times', times: decodeTimes(kind, payload, parts.rows) };
    case 'id16':
      return { kind: 'ids', bytes: payload };
  }
}

/** A payload stays beside what is decoded from it, which is about as large again. */
const DECODED_FACTOR = 2;

export function openBlock(bytes: Uint8Array): Block {
  const blob = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = readParts(blob);
  const columns = new Map<StoredColumn, Column>();
  let held = blob.length;
  return {
    rows: parts.rows,
    column(name) {
      let column = columns.get(name);
      if (column === undefined) {
        const payload = parts.payload(name);
        column = decodeColumn(parts, name, payload);
        columns.set(name, column);
        held += payload.length * DECODED_FACTOR;
      }
      return column;
    },
    bytes: () => held,
  };
}

/** The value of one row, as it stands on the flow. */
export function valueAt(column: Column, row: number): unknown {
  switch (column.kind) {
    case 'values':
      return column.value(column.codes[row] ?? 0);
    case 'numbers':
      return column.numbers[row];
    case 'times':
      return column.times[row];
    case 'ids':
      return column.bytes.toString('hex', row * 16, row * 16 + 16);
  }
}
