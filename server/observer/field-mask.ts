import protobuf from 'protobufjs';
import { isObject } from '../sources/decode/loose-json.ts';
import { HUBBLE_ROOT } from '../sources/hubble-proto.ts';
import type { JsonObject, JsonValue } from '../sources/json-value.ts';
import { refuse } from './refuse.ts';

/** What is kept of a message: a field as a whole, or some of what it holds. */
type Mask = Map<string, Mask | 'whole'>;

const FLOW = HUBBLE_ROOT.lookupType('flow.Flow');

/**
 * Compiles the paths of a field mask, relative to Flow. A path that Flow lacks is refused, as an agent does: to leave
 * out what was asked for would look as if no flow had it.
 */
export function fieldMask(paths: readonly string[]): (flow: JsonObject) => JsonObject {
  const mask: Mask = new Map();
  for (const path of paths) add(mask, path);
  return (flow) => masked(flow, mask);
}

function add(mask: Mask, path: string): void {
  let at = mask;
  let type: protobuf.Type | undefined = FLOW;
  const names = path.split('.');
  for (const [depth, name] of names.entries()) {
    const field: protobuf.Field | undefined = type?.fields[name];
    if (field === undefined) refuse(`field mask: '${path}' is no field of flow.Flow`);
    const known = at.get(name);
    if (known === 'whole') return;
    if (depth === names.length - 1) {
      at.set(name, 'whole');
      return;
    }
    const inner: protobuf.ReflectionObject | null = field.resolve().resolvedType;
    type = inner instanceof protobuf.Type && !field.repeated ? inner : undefined;
    const next: Mask = known ?? new Map<string, Mask | 'whole'>();
    at.set(name, next);
    at = next;
  }
}

function masked(message: JsonObject, mask: Mask): JsonObject {
  const out: Record<string, JsonValue> = {};
  for (const [name, part] of mask) {
    const value = message[name];
    if (value === undefined) continue;
    if (part === 'whole') out[name] = value;
    else if (isObject(value)) out[name] = masked(value, part);
  }
  return out;
}
