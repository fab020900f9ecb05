import type { JsonObject } from '../json-value.ts';
import { getFlowsResponse, readForDecoding } from '../hubble-proto.ts';
import { WireError } from '../wire-reader.ts';

export type HubbleJson =
  | { readonly ok: true; readonly record: JsonObject }
  | { readonly ok: false; readonly reason: string };

/**
 * A GetFlowsResponse from its bytes, in the form of `hubble observe -o jsonpb`: names as in the .proto files,
 * enum names (a number where the value is not known here), 64-bit integers as text, RFC 3339 times, wrappers as
 * bare values. An extension of unknown type is `{"@type", "value": base64}`. A stored record is shown like this.
 */
export function hubbleJson(bytes: Uint8Array): HubbleJson {
  return readAs(getFlowsResponse.decode, bytes);
}

/** The part of it that `createHubbleDecoder` reads. */
export function hubbleJsonForDecoding(bytes: Uint8Array): HubbleJson {
  return readAs(readForDecoding, bytes);
}

function readAs(read: (bytes: Uint8Array) => JsonObject, bytes: Uint8Array): HubbleJson {
  try {
    return { ok: true, record: read(bytes) };
  } catch (error) {
    if (error instanceof WireError) return { ok: false, reason: `not protobuf: ${error.message}` };
    throw error;
  }
}

/** The same for showing a stored record; null when its bytes are not such a message. */
export function hubbleBytesToJson(bytes: Uint8Array): JsonObject | null {
  const read = hubbleJson(bytes);
  return read.ok ? read.record : null;
}
