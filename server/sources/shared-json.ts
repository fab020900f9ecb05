import { createByteTable } from './byte-table.ts';
import type { JsonObject } from './json-value.ts';
import { WireReader } from './wire-reader.ts';

/** Reads one message of a JSON object's form; throws as `MessageReader` does. */
export type ObjectReader = (wire: WireReader, end: number, depth: number) => JsonObject;

/** What equal bytes have in common. */
export type SharedJson = {
  readonly json: JsonObject;
  /** What one user of the object made of it, who must know it for his own. */
  note: object | undefined;
};

/** Reads the message from `from` up to `end`, or finds what was read of equal bytes. */
export type SharedReader = (bytes: Buffer, from: number, end: number, depth: number) => SharedJson;

/** Endpoints and policies repeat by the thousand. One native compare replaces building some twenty strings. */
export function internByBytes(reader: ObjectReader, limit: number): SharedReader {
  const known = createByteTable<SharedJson>({ limit });
  return (bytes, from, end, depth) => {
    const found = known.find(bytes, from, end);
    if (found !== undefined) return found;
    const wire = new WireReader(bytes, from);
    const made: SharedJson = { json: reader(wire, end, depth), note: undefined };
    wire.expectAt(end);
    known.add(bytes, from, end, made);
    return made;
  };
}

/** Reads where a message is part of another. */
export const throughShared =
  (shared: SharedReader): ObjectReader =>
  (wire, end, depth) => {
    const { json } = shared(wire.bytes, wire.position, end, depth);
    wire.position = end;
    return json;
  };
