import type { WireReader } from './wire-reader.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue | undefined };

/** Reads the message that ends at `end` as JSON. Throws `WireError` on bytes that are no such message. */
export type MessageReader = (wire: WireReader, end: number, depth: number) => JsonValue;
