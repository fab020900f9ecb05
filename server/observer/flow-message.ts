import type { RecordedFlow } from '../core/flow.ts';
import { formatTime } from '../core/time.ts';
import { isBareFlow } from '../sources/decode/hubble-bare.ts';
import { hubbleJson } from '../sources/decode/hubble-json.ts';
import { isObject, pickText } from '../sources/decode/loose-json.ts';
import { unwrap } from '../sources/decode/unwrap.ts';
import { getFlowsResponse, HUBBLE_ROOT } from '../sources/hubble-proto.ts';
import type { JsonObject } from '../sources/json-value.ts';
import { lineJson } from '../sources/line-text.ts';
import { builtFlow } from './calico-message.ts';
import { conform } from './conform.ts';

/** A stored flow as GetFlows tells it. */
export type FlowMessage = {
  /** The Flow, in the JSON form of its message. */
  readonly flow: () => JsonObject;
  /** Name of the node that reported it: that of its record, or the one that the source was told to stand for. */
  readonly node: () => string;
  /** The whole GetFlowsResponse. */
  readonly bytes: () => Buffer;
  /** The same with another Flow in its place. */
  readonly bytesWith: (flow: JsonObject) => Buffer;
};

/**
 * The bytes of a record that came as protobuf are given back as they are, fields included that are newer than this
 * program; a line of Hubble JSON becomes the message that it is the JSON of; of anything else a Flow is built.
 */
export function flowMessage(recorded: RecordedFlow): FlowMessage {
  const { raw, observedAt, node } = recorded;
  let response: JsonObject | undefined;
  const read = (): JsonObject => (response ??= responseOf(recorded));
  const flow = (): JsonObject => read()['flow'] as JsonObject;
  const nodeName = (): string => pickText(flow(), 'node_name') || node;
  const bytesWith = (other: JsonObject): Buffer =>
    getFlowsResponse.encode({
      node_name: nodeName(),
      time: formatTime(observedAt),
      flow: other,
    });
  return {
    flow,
    node: nodeName,
    bytes: () =>
      raw.format === 'hubble-protobuf'
        ? Buffer.from(raw.bytes.buffer, raw.bytes.byteOffset, raw.bytes.byteLength)
        : bytesWith(flow()),
    bytesWith,
  };
}

const FLOW = HUBBLE_ROOT.lookupType('flow.Flow');

function responseOf(recorded: RecordedFlow): JsonObject {
  const { format, bytes } = recorded.raw;
  if (format === 'hubble-protobuf') {
    const read = hubbleJson(bytes);
    if (read.ok && isObject(read.record['flow'])) return read.record;
  }
  if (format === 'hubble-json') {
    const flow = flowOfLine(bytes);
    if (flow !== undefined) return { flow };
  }
  return { flow: conform(FLOW, builtFlow(recorded)) };
}

/** The Flow of a line of Hubble JSON, with or without its envelope. */
function flowOfLine(bytes: Uint8Array): JsonObject | undefined {
  const line = lineJson(Buffer.from(bytes).toString('utf8'));
  if (!line.ok || !isObject(line.value)) return undefined;
  const record = unwrap(line.value);
  if (isObject(record['flow'])) return conform(FLOW, record['flow']);
  return isBareFlow(record) ? conform(FLOW, record) : undefined;
}
