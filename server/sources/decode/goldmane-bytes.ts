import type { EpochNanos } from '../../core/time.ts';
import { flowResult } from '../goldmane-proto.ts';
import type { JsonObject } from '../json-value.ts';
import { WireError } from '../wire-reader.ts';
import type { CalicoRecord } from './calico.ts';
import { createGoldmaneDecoder } from './goldmane.ts';

export type GoldmaneBytes =
  | (Extract<CalicoRecord, { readonly ok: true }> & {
      /** The flow as it was told, before anything was made of it. */
      readonly told: JsonObject;
    })
  | Extract<CalicoRecord, { readonly ok: false }>;

/** Decodes FlowResults from their bytes, which the flows keep and which must not change. */
export function createGoldmaneBytesDecoder(options: {
  readonly origin: string;
}): (message: Buffer, receivedAt: EpochNanos) => GoldmaneBytes {
  const decode = createGoldmaneDecoder(options);
  return (message, receivedAt) => {
    try {
      const { flow = {} } = flowResult.decode(message);
      const raw = { format: 'goldmane-protobuf', bytes: message } as const;
      const decoded = decode({ flow, raw, receivedAt });
      return decoded.ok ? { ...decoded, told: flow } : decoded;
    } catch (error) {
      if (error instanceof WireError) {
        return { ok: false, reason: `not protobuf: ${error.message}` };
      }
      throw error;
    }
  };
}

/** A FlowResult for showing it; null when its bytes are not such a message. */
export function goldmaneBytesToJson(bytes: Uint8Array): JsonObject | null {
  try {
    const { id, flow } = flowResult.decode(bytes);
    return { ...(id === undefined ? {} : { id }), ...(flow === undefined ? {} : { flow }) };
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
