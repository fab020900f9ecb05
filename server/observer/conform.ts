/**
 * Brings JSON that somebody wrote by hand, by mask or by a newer version into the exact form of a message of
 * proto/hubble: what the message has no place for is left out, as an agent of that version would not have told it.
 */
import protobuf from 'protobufjs';
import { formatTime, parseTime } from '../core/time.ts';
import { asInteger, isObject, pick, type LooseObject } from '../sources/decode/loose-json.ts';
import type { JsonObject, JsonValue } from '../sources/json-value.ts';

/** Records nest six deep; a hostile one must not exhaust the stack. */
const MAX_DEPTH = 32;

const UINT32_MAX = 0xffff_ffff;
const INT32_MIN = -0x8000_0000;
const INT32_MAX = 0x7fff_ffff;

export function conform(type: protobuf.Type, value: LooseObject, depth = 0): JsonObject {
  const out: Record<string, JsonValue> = {};
  const taken = new Set<string>();
  if (depth > MAX_DEPTH) return out;
  for (const field of type.fieldsArray) {
    const found = pick(value, field.name);
    // Of a oneof one member is told; a record with two is nobody's.
    const group = field.partOf?.name;
    if (found === undefined || found === null || (group !== undefined && taken.has(group)))
      continue;
    const read = field.repeated ? listOf(field, found, depth) : oneOf(field, found, depth);
    if (read === undefined) continue;
    if (group !== undefined) taken.add(group);
    out[field.name] = read;
  }
  return out;
}

function listOf(field: protobuf.Field, value: unknown, depth: number): JsonValue | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item) => oneOf(field, item, depth)).filter((item) => item !== undefined);
  return items.length === 0 ? undefined : items;
}

function oneOf(field: protobuf.Field, value: unknown, depth: number): JsonValue | undefined {
  const target = field.resolve().resolvedType;
  if (target instanceof protobuf.Enum) return enumOf(target, value);
  if (!(target instanceof protobuf.Type)) return scalarOf(field.type, value);
  switch (target.fullName) {
    case '.google.protobuf.Timestamp':
      return timeOf(value);
    case '.google.protobuf.BoolValue':
      return scalarOf('bool', isObject(value) ? (value['value'] ?? false) : value);
    case '.google.protobuf.Int32Value':
      return scalarOf('int32', value);
    case '.google.protobuf.UInt32Value':
      return scalarOf('uint32', value);
    case '.google.protobuf.Any':
      return anyOf(value);
    default:
      return isObject(value) ? conform(target, value, depth + 1) : undefined;
  }
}

function timeOf(value: unknown): string | undefined {
  const time = typeof value === 'string' ? parseTime(value) : undefined;
  return time === undefined ? undefined : formatTime(time);
}

/** The name, or the number of a value that has none here; a name that is not known has no number. */
function enumOf(target: protobuf.Enum, value: unknown): JsonValue | undefined {
  if (typeof value === 'string' && Object.hasOwn(target.values, value)) return value;
  const number = within(value, INT32_MIN, INT32_MAX);
  return number === undefined ? undefined : (target.valuesById[number] ?? number);
}

function scalarOf(type: string, value: unknown): JsonValue | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value.toWellFormed() : undefined;
    case 'bool':
      return value === true || value === 'true'
        ? true
        : value === false || value === 'false'
          ? false
          : undefined;
    case 'uint32':
      return within(value, 0, UINT32_MAX);
    case 'int32':
      return within(value, INT32_MIN, INT32_MAX);
    case 'uint64':
    case 'int64':
      return bigText(type, value);
    case 'double':
      return typeof value === 'number' ? value : undefined;
    default:
      return undefined;
  }
}

function within(value: unknown, low: number, high: number): number | undefined {
  const number = asInteger(value);
  return number === undefined || number < low || number > high ? undefined : number;
}

function bigText(type: 'uint64' | 'int64', value: unknown): string | undefined {
  if (typeof value === 'number' ? !Number.isSafeInteger(value) : !isDecimal(value))
    return undefined;
  const number = BigInt(value as string | number);
  const held = type === 'uint64' ? BigInt.asUintN(64, number) : BigInt.asIntN(64, number);
  return held === number ? String(number) : undefined;
}

const isDecimal = (value: unknown): value is string =>
  typeof value === 'string' && /^-?\d{1,20}$/.test(value);

/** Only what can be written again: the content of other types stays in the record and is shown with it. */
function anyOf(value: unknown): JsonValue | undefined {
  if (!isObject(value) || typeof value['@type'] !== 'string') return undefined;
  const type = value['@type'];
  const content = value['value'];
  const name = type.slice(type.lastIndexOf('/') + 1);
  if (name === 'google.protobuf.Struct' && isObject(content)) {
    return { '@type': type, value: content as JsonObject };
  }
  return typeof content === 'string' ? { '@type': type, value: content } : { '@type': type };
}
