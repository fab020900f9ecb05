import { HUBBLE_ROOT } from '../sources/hubble-proto.ts';
import type { WireFlow, WireResponse } from './wire-message.ts';

const responseType = HUBBLE_ROOT.lookupType('observer.GetFlowsResponse');
const flowType = HUBBLE_ROOT.lookupType('flow.Flow');

/**
 * Parts of a flow that thousands of flows share, by the shared object. A protobuf message is the same in any
 * order of its fields, so bytes of parts can be joined: this more than halves the cost of a flow.
 */
const sharedParts = {
  source: new WeakMap<object, Uint8Array>(),
  destination: new WeakMap<object, Uint8Array>(),
  node_labels: new WeakMap<object, Uint8Array>(),
  emitter: new WeakMap<object, Uint8Array>(),
  egress_allowed_by: new WeakMap<object, Uint8Array>(),
  ingress_allowed_by: new WeakMap<object, Uint8Array>(),
  egress_denied_by: new WeakMap<object, Uint8Array>(),
  ingress_denied_by: new WeakMap<object, Uint8Array>(),
};

type SharedField = keyof typeof sharedParts;

const SHARED_FIELDS = Object.keys(sharedParts) as readonly SharedField[];
const WITHOUT_SHARED = Object.fromEntries(SHARED_FIELDS.map((name) => [name, undefined]));

function sharedPart(name: SharedField, value: object): Uint8Array {
  const known = sharedParts[name].get(value);
  if (known !== undefined) return known;
  const bytes = flowType.encode({ [name]: value }).finish();
  sharedParts[name].set(value, bytes);
  return bytes;
}

/** Field 1 of the response, length-delimited. */
const FLOW_TAG = 0x0a;

function flowHeader(length: number): Uint8Array {
  const bytes = [FLOW_TAG];
  let left = length;
  while (left > 0x7f) {
    bytes.push((left & 0x7f) | 0x80);
    left >>>= 7;
  }
  bytes.push(left);
  return Uint8Array.from(bytes);
}

function encodeFlow(flow: WireFlow, envelope: Uint8Array): Buffer {
  const parts = [flowType.encode({ ...flow, ...WITHOUT_SHARED }).finish()];
  for (const name of SHARED_FIELDS) {
    const value = flow[name];
    if (value !== undefined) parts.push(sharedPart(name, value));
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  // Go servers write node name and time before the flow.
  return Buffer.concat([envelope, flowHeader(length), ...parts]);
}

/** Bytes of one `observer.GetFlowsResponse`. Objects in `response` must not change once they were encoded. */
export function encodeResponse(response: WireResponse): Buffer {
  const { flow, ...rest } = response;
  const envelope = responseType.encode(rest).finish();
  return flow === undefined ? Buffer.from(envelope) : encodeFlow(flow, envelope);
}
