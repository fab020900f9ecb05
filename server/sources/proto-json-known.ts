/** Well-known protobuf types whose JSON is not that of an ordinary message. */
import type { JsonValue, MessageReader } from './json-value.ts';
import { formatSeconds } from './rfc3339.ts';
import { WIRE, WireError, WireReader } from './wire-reader.ts';

/** Walks the fields of a small message; `visit` answers whether it has read the field. */
function walk(
  wire: WireReader,
  end: number,
  depth: number,
  visit: (number: number, wireType: number) => boolean,
): void {
  wire.checkDepth(depth);
  while (wire.position < end) {
    const tag = wire.uint32();
    if (!visit(tag >>> 3, tag & 7)) wire.skip(tag & 7, depth);
  }
}

const timestamp: MessageReader = (wire, end, depth) => {
  let seconds = 0n;
  let nanos = 0;
  walk(wire, end, depth, (number, wireType) => {
    if (wireType !== WIRE.varint) return false;
    if (number === 1) seconds = BigInt.asIntN(64, wire.uint64());
    else if (number === 2) nanos = wire.int32();
    else return false;
    return true;
  });
  // A time outside the years 1 to 9999 has no JSON form; its numbers stay visible instead.
  return formatSeconds(seconds, nanos) ?? { seconds: String(seconds), nanos };
};

const wrapper =
  <T extends JsonValue>(wireType: number, zero: T, read: (wire: WireReader) => T): MessageReader =>
  (wire, end, depth) => {
    let value = zero;
    walk(wire, end, depth, (number, found) => {
      if (number !== 1 || found !== wireType) return false;
      value = read(wire);
      return true;
    });
    return value;
  };

const fieldMask: MessageReader = (wire, end, depth) => {
  const paths: string[] = [];
  walk(wire, end, depth, (number, wireType) => {
    if (number !== 1 || wireType !== WIRE.bytes) return false;
    paths.push(wire.string());
    return true;
  });
  return paths.join(',');
};

const struct: MessageReader = (wire, end, depth) => {
  const out: Record<string, JsonValue> = {};
  walk(wire, end, depth, (number, wireType) => {
    if (number !== 1 || wireType !== WIRE.bytes) return false;
    const entryEnd = wire.lengthEnd();
    const [key, value] = structEntry(wire, entryEnd, depth + 1);
    Object.defineProperty(out, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return true;
  });
  return out;
};

function structEntry(wire: WireReader, end: number, depth: number): [string, JsonValue] {
  let key = '';
  let value: JsonValue = null;
  walk(wire, end, depth, (number, wireType) => {
    if (wireType !== WIRE.bytes) return false;
    if (number === 1) key = wire.string();
    else if (number === 2) value = structValue(wire, wire.lengthEnd(), depth + 1);
    else return false;
    return true;
  });
  return [key, value];
}

function structValue(wire: WireReader, end: number, depth: number): JsonValue {
  let value: JsonValue = null;
  walk(wire, end, depth, (number, wireType) => {
    if (number === 1 && wireType === WIRE.varint) {
      wire.uint32();
      value = null;
    } else if (number === 2 && wireType === WIRE.fixed64) value = finite(wire.double());
    else if (number === 3 && wireType === WIRE.bytes) value = wire.string();
    else if (number === 4 && wireType === WIRE.varint) value = wire.uint32() !== 0;
    else if (number === 5 && wireType === WIRE.bytes)
      value = struct(wire, wire.lengthEnd(), depth + 1);
    else if (number === 6 && wireType === WIRE.bytes)
      value = listValue(wire, wire.lengthEnd(), depth + 1);
    else return false;
    return true;
  });
  return value;
}

function listValue(wire: WireReader, end: number, depth: number): JsonValue {
  const out: JsonValue[] = [];
  walk(wire, end, depth, (number, wireType) => {
    if (number !== 1 || wireType !== WIRE.bytes) return false;
    out.push(structValue(wire, wire.lengthEnd(), depth + 1));
    return true;
  });
  return out;
}

const finite = (value: number): JsonValue => (Number.isFinite(value) ? value : String(value));

/** Types that an Any may hold here and whose content is shown as JSON; others are shown as base64. */
const INSIDE_ANY: ReadonlyMap<string, MessageReader> = new Map([
  ['google.protobuf.Struct', struct],
  ['google.protobuf.StringValue', wrapper(WIRE.bytes, '', (wire) => wire.string())],
  ['google.protobuf.Timestamp', timestamp],
]);

const any: MessageReader = (wire, end, depth) => {
  let type = '';
  let content = '';
  walk(wire, end, depth, (number, wireType) => {
    if (wireType !== WIRE.bytes) return false;
    if (number === 1) type = wire.string();
    else if (number === 2) content = wire.base64();
    else return false;
    return true;
  });
  const out: Record<string, JsonValue> = { '@type': type };
  const value = anyContent(type, content, depth);
  if (value !== undefined) out['value'] = value;
  return out;
};

function anyContent(type: string, base64: string, depth: number): JsonValue | undefined {
  const known = INSIDE_ANY.get(type.slice(type.lastIndexOf('/') + 1));
  if (known === undefined) return base64 === '' ? undefined : base64;
  const bytes = Buffer.from(base64, 'base64');
  try {
    return known(new WireReader(bytes), bytes.length, depth + 1);
  } catch (error) {
    // The content of an extension is nobody's contract: what cannot be read is still shown.
    if (error instanceof WireError) return base64;
    throw error;
  }
}

/** By full name. */
export const WELL_KNOWN: Readonly<Record<string, MessageReader>> = {
  '.google.protobuf.Timestamp': timestamp,
  '.google.protobuf.BoolValue': wrapper<boolean>(
    WIRE.varint,
    false,
    (wire) => wire.uint64() !== 0n,
  ),
  '.google.protobuf.Int32Value': wrapper(WIRE.varint, 0, (wire) => wire.int32()),
  '.google.protobuf.UInt32Value': wrapper(WIRE.varint, 0, (wire) => wire.uint32()),
  '.google.protobuf.FieldMask': fieldMask,
  '.google.protobuf.Any': any,
};
