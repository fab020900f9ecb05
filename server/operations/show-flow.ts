import type { RawRecord, RecordedFlow } from '../core/flow.ts';
import { hubbleBytesToJson } from '../sources/decode/hubble-json.ts';
import { goldmaneBytesToJson } from '../sources/decode/goldmane-bytes.ts';
import type { FlowReader } from '../store/flow-store.ts';

export type ShownFlow = {
  readonly flow: RecordedFlow;
  /** The record as its source gave it, as JSON; null when the bytes are not JSON (they are kept all the same). */
  readonly record: unknown;
};

/** One flow with everything that its source said of it; `undefined` when there is none of that number. */
export async function showFlow(store: FlowReader, seq: number): Promise<ShownFlow | undefined> {
  const flow = await store.find(seq);
  return flow === undefined ? undefined : { flow, record: recordJson(flow.raw) };
}

/** A record as JSON; null when its bytes are not JSON. */
export function recordJson({ format, bytes }: RawRecord): unknown {
  if (format === 'hubble-protobuf') return hubbleBytesToJson(bytes);
  if (format === 'goldmane-protobuf') return goldmaneBytesToJson(bytes);
  try {
    const record = JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
    // What is nested too deep to be written again is shown as bytes only.
    JSON.stringify(record);
    return record;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
}
