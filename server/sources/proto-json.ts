/**
 * Protobuf bytes straight to proto3 JSON, without a message object between: one walk over the bytes, driven by
 * protobufjs reflection. Field names stay as in the .proto file; zero values are left out; 64-bit integers are
 * text; a Timestamp is RFC 3339 with 0, 3, 6 or 9 digits; wrappers are bare values.
 */
import protobuf from 'protobufjs';
import type { JsonObject, JsonValue, MessageReader } from './json-value.ts';
import { WELL_KNOWN } from './proto-json-known.ts';
import {
  internByBytes,
  throughShared,
  type ObjectReader,
  type SharedReader,
} from './shared-json.ts';
import { WireReader, WIRE } from './wire-reader.ts';

const INTERN_LIMIT = 8 * 1024 * 1024;

type Draft = Record<string, JsonValue | undefined>;

/** Answers `undefined` for the zero value, which proto3 JSON leaves out. */
type ValueReader = (wire: WireReader, depth: number) => JsonValue | undefined;

type FieldReader = {
  readonly name: string;
  readonly wireType: number;
  readonly read: ValueReader;
  readonly zero: JsonValue;
  readonly repeated: boolean;
  readonly packable: boolean;
  /** Other members of the oneof: the last one on the wire wins. */
  readonly rivals: readonly string[];
  /** A message field of one value: a second occurrence merges into the first. */
  readonly merges: boolean;
};

const nonZero = (value: number): number | undefined => (value === 0 ? undefined : value);
const bigText = (value: bigint): string | undefined => (value === 0n ? undefined : String(value));

function doubleJson(value: number): JsonValue | undefined {
  if (Object.is(value, 0)) return undefined;
  return Number.isFinite(value) ? value : String(value);
}

const SCALARS: Readonly<Record<string, readonly [number, ValueReader, JsonValue]>> = {
  uint32: [WIRE.varint, (wire) => nonZero(wire.uint32()), 0],
  int32: [WIRE.varint, (wire) => nonZero(wire.int32()), 0],
  uint64: [WIRE.varint, (wire) => bigText(wire.uint64()), '0'],
  int64: [WIRE.varint, (wire) => bigText(BigInt.asIntN(64, wire.uint64())), '0'],
  bool: [WIRE.varint, (wire) => (wire.uint64() === 0n ? undefined : true), false],
  double: [WIRE.fixed64, (wire) => doubleJson(wire.double()), 0],
  string: [WIRE.bytes, (wire) => wire.string() || undefined, ''],
  bytes: [WIRE.bytes, (wire) => wire.base64() || undefined, ''],
};

export type ProtoJsonOptions = {
  /** Full names, as `.flow.Endpoint`, of messages that repeat so often that equal bytes share one object. */
  readonly interned?: ReadonlySet<string>;
  /** Full names, as `.flow.Flow.ethernet`, of fields to pass over as if they were not there. */
  readonly omitted?: ReadonlySet<string>;
  /** Bytes that the shared objects of one type may stand for before some are forgotten. */
  readonly internLimit?: number;
};

/**
 * Compiles a reader for `type` and all that it holds. The reader throws `WireError` on bytes that are no such
 * message.
 */
export function compileReader(
  type: protobuf.Type,
  options: ProtoJsonOptions = {},
): (bytes: Uint8Array) => JsonObject {
  const read = compileReaders(options).object(type);
  return (bytes) => read(new WireReader(bytes), bytes.length, 0);
}

export type Readers = {
  readonly object: (type: protobuf.Type) => ObjectReader;
  /** Of a type that is interned. Readers of types that hold it have the same objects in its place. */
  readonly shared: (type: protobuf.Type) => SharedReader;
};

/** Compiles readers of several types that share what is interned: equal bytes are one object wherever they stand. */
export function compileReaders(options: ProtoJsonOptions): Readers {
  const compiled = new Map<protobuf.Type, MessageReader>();
  const interned = new Map<protobuf.Type, SharedReader>();
  const readerOf = (message: protobuf.Type): MessageReader => {
    const known = compiled.get(message);
    if (known !== undefined) return known;
    const special = WELL_KNOWN[message.fullName];
    if (special !== undefined) {
      compiled.set(message, special);
      return special;
    }
    const fields = new Map<number, FieldReader>();
    let reader: ObjectReader = (wire, end, depth) => readMessage(fields, wire, end, depth);
    if (options.interned?.has(message.fullName)) {
      const shared = internByBytes(reader, options.internLimit ?? INTERN_LIMIT);
      interned.set(message, shared);
      reader = throughShared(shared);
    }
    compiled.set(message, reader);
    for (const field of message.fieldsArray) {
      if (options.omitted?.has(field.fullName)) continue;
      fields.set(field.id, fieldReader(field, readerOf));
    }
    return reader;
  };
  return {
    object: (type) => {
      const read = readerOf(type);
      return (wire, end, depth) => {
        const value = read(wire, end, depth);
        wire.expectAt(end);
        if (!isObject(value)) throw new Error(`${type.fullName} is not written as a JSON object`);
        return value;
      };
    },
    shared: (type) => {
      readerOf(type);
      const shared = interned.get(type);
      if (shared === undefined) throw new Error(`${type.fullName} is not interned`);
      return shared;
    },
  };
}

function fieldReader(
  field: protobuf.Field,
  readerOf: (type: protobuf.Type) => MessageReader,
): FieldReader {
  field.resolve();
  const [wireType, read, zero] = valueReader(field, readerOf);
  const rivals = field.partOf?.oneof.filter((name) => name !== field.name) ?? [];
  return {
    name: field.name,
    wireType,
    read,
    zero,
    repeated: field.repeated,
    packable: field.repeated && wireType !== WIRE.bytes,
    rivals,
    merges: !field.repeated && field.resolvedType instanceof protobuf.Type,
  };
}

function valueReader(
  field: protobuf.Field,
  readerOf: (type: protobuf.Type) => MessageReader,
): readonly [number, ValueReader, JsonValue] {
  const target = field.resolvedType;
  if (target instanceof protobuf.Enum) {
    const names = target.valuesById;
    return [
      WIRE.varint,
      (wire) => {
        const value = wire.int32();
        return value === 0 ? undefined : (names[value] ?? value);
      },
      names[0] ?? 0,
    ];
  }
  if (target instanceof protobuf.Type) {
    const reader = readerOf(target);
    return [
      WIRE.bytes,
      (wire, depth) => {
        const end = wire.lengthEnd();
        const value = reader(wire, end, depth + 1);
        wire.expectAt(end);
        return value;
      },
      null,
    ];
  }
  const scalar = SCALARS[field.type];
  if (scalar === undefined) throw new Error(`No reader for the protobuf type ${field.type}`);
  return scalar;
}

function readMessage(
  fields: ReadonlyMap<number, FieldReader>,
  wire: WireReader,
  end: number,
  depth: number,
): JsonObject {
  wire.checkDepth(depth);
  const out: Draft = {};
  while (wire.position < end) {
    const tag = wire.uint32();
    const wireType = tag & 7;
    const field = fields.get(tag >>> 3);
    if (field === undefined) wire.skip(wireType, depth);
    else if (field.wireType === wireType) readField(field, wire, out, depth);
    else if (field.packable && wireType === WIRE.bytes) readPacked(field, wire, out, depth);
    else wire.skip(wireType, depth);
  }
  return out;
}

function readField(field: FieldReader, wire: WireReader, out: Draft, depth: number): void {
  const value = field.read(wire, depth);
  if (field.repeated) {
    const list = out[field.name] as JsonValue[] | undefined;
    if (list === undefined) out[field.name] = [value ?? field.zero];
    else list.push(value ?? field.zero);
    return;
  }
  for (const rival of field.rivals)
    if (out[rival] !== undefined) Reflect.deleteProperty(out, rival);
  const before = field.merges ? out[field.name] : undefined;
  if (before !== undefined) out[field.name] = merged(before, value);
  else if (value !== undefined || out[field.name] !== undefined) out[field.name] = value;
}

/** Two occurrences of one message field are one message: lists join, the later value wins. */
function merged(before: JsonValue, after: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(before) && Array.isArray(after)) {
    return [...(before as JsonValue[]), ...(after as JsonValue[])];
  }
  if (!isObject(before) || !isObject(after)) return after;
  const out: Draft = { ...before };
  for (const [key, value] of Object.entries(after)) {
    const held = Object.hasOwn(out, key) ? out[key] : undefined;
    const joined = held === undefined ? value : merged(held, value);
    // Keys of an extension are its sender's own, so one may be called `__proto__`.
    Object.defineProperty(out, key, {
      value: joined,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return out;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readPacked(field: FieldReader, wire: WireReader, out: Draft, depth: number): void {
  const end = wire.lengthEnd();
  while (wire.position < end) readField(field, wire, out, depth);
  wire.expectAt(end);
}
