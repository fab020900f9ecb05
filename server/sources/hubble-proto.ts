/** The Observer service: messages as proto3 JSON on one side, bytes on the other (proto/hubble). */
import { join } from 'node:path';
import protobuf from 'protobufjs';
import protoJson from 'protobufjs/ext/protojson.js';
import type { JsonObject, JsonValue } from './json-value.ts';
import { messageCodec, rawMethod, type Codec } from './proto-codec.ts';
import { compileReader, compileReaders } from './proto-json.ts';
import type { SharedJson } from './shared-json.ts';
import { WireReader } from './wire-reader.ts';

const { fromJson } = protoJson;

const PROTO_ROOT = join(import.meta.dirname, '../../proto/hubble');

function loadRoot(): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    target.startsWith('google/protobuf/') ? target : join(PROTO_ROOT, target);
  root.loadSync(['observer/observer.proto', 'peer/peer.proto'], { keepCase: true });
  root.resolveAll();
  return root;
}

/** All messages of proto/hubble, with field names as in the files. */
export const HUBBLE_ROOT: protobuf.Root = loadRoot();

const codec = <T extends object>(name: string): Codec<T> =>
  messageCodec<T>(HUBBLE_ROOT.lookupType(name));

export type GetFlowsRequest = {
  /** Decimal text; flows per node when asked of a relay. */
  readonly number?: string;
  readonly follow?: boolean;
  readonly first?: boolean;
  /** RFC 3339. */
  readonly since?: string;
  readonly until?: string;
  readonly whitelist?: readonly JsonObject[];
  readonly blacklist?: readonly JsonObject[];
};

/** A request that has no fields. */
export type EmptyRequest = { readonly [field: string]: never };

export type ServerStatusResponse = {
  readonly num_flows?: string;
  readonly max_flows?: string;
  readonly seen_flows?: string;
  readonly uptime_ns?: string;
  readonly num_connected_nodes?: number;
  readonly num_unavailable_nodes?: number;
  readonly unavailable_nodes?: readonly string[];
  readonly version?: string;
  readonly flows_rate?: number;
};

export type HubbleNode = {
  readonly name?: string;
  readonly version?: string;
  readonly address?: string;
  /** `NODE_CONNECTED`, `NODE_UNAVAILABLE`, …; a number where it is newer than this program. */
  readonly state?: string | number;
  readonly tls?: { readonly enabled?: boolean; readonly server_name?: string };
  readonly uptime_ns?: string;
  readonly num_flows?: string;
  readonly max_flows?: string;
  readonly seen_flows?: string;
};

export type GetNodesResponse = { readonly nodes?: readonly HubbleNode[] };

export type GetNamespacesResponse = {
  readonly namespaces?: readonly { readonly cluster?: string; readonly namespace?: string }[];
};

/** A response of GetFlows as `hubble observe -o jsonpb` would print it. */
export type GetFlowsResponse = JsonObject;

const flowsResponse = HUBBLE_ROOT.lookupType('observer.GetFlowsResponse');
const INTERNED = new Set(['.flow.Endpoint', '.flow.Policy', '.flow.CiliumEventType']);
const readFlowsResponse = compileReader(flowsResponse, { interned: INTERNED });

/** Fields that no column is made of. They stay in the raw bytes, and are seen when a record is shown. */
const OMITTED = new Set([
  '.flow.Flow.auth_type',
  '.flow.Flow.emitter',
  '.flow.Flow.ethernet',
  '.flow.Flow.file',
  '.flow.Flow.interface',
  '.flow.Flow.ip_trace_id',
  '.flow.Flow.node_labels',
  '.flow.Flow.policy_log',
  '.flow.Flow.socket_cookie',
  '.flow.Flow.Summary',
  '.flow.Flow.trace_context',
  '.flow.Flow.tunnel',
  '.flow.HTTP.headers',
  '.flow.TCP.flags',
]);

/** Endpoints are local or remote, so a cluster of 50,000 pods has twice as many; half of the limit must hold them. */
const DECODING_INTERN_LIMIT = 96 * 1024 * 1024;

const decoding = compileReaders({
  interned: INTERNED,
  omitted: OMITTED,
  internLimit: DECODING_INTERN_LIMIT,
});
const decodeResponse = decoding.object(flowsResponse);
const decodeFlow = decoding.object(HUBBLE_ROOT.lookupType('flow.Flow'));
const decodeEndpoint = decoding.shared(HUBBLE_ROOT.lookupType('flow.Endpoint'));

/** Reads of a GetFlowsResponse what `decode/hubble.ts` needs, in a fraction of the time of the whole. */
export const readForDecoding = (bytes: Uint8Array): GetFlowsResponse =>
  decodeResponse(new WireReader(bytes), bytes.length, 0);

/** How deep a Flow and its Endpoints stand in a GetFlowsResponse: the limit of nesting is the whole message's. */
const FLOW_DEPTH = 1;
const ENDPOINT_DEPTH = 2;

/** Some whole fields of a Flow, from `from` up to `end`, as a Flow of their own; as `readForDecoding` reads them. */
export const readFlowFields = (bytes: Buffer, from: number, end: number): JsonObject =>
  decodeFlow(new WireReader(bytes, from), end, FLOW_DEPTH);

/** The Endpoint from `from` up to `end`: the very object that `readForDecoding` has in its place. */
export const readFlowEndpoint = (bytes: Buffer, from: number, end: number): SharedJson =>
  decodeEndpoint(bytes, from, end, ENDPOINT_DEPTH);

export const getFlowsRequest = codec<GetFlowsRequest>('observer.GetFlowsRequest');
export const serverStatusRequest = codec<EmptyRequest>('observer.ServerStatusRequest');
export const serverStatusResponse = codec<ServerStatusResponse>('observer.ServerStatusResponse');
export const getNodesRequest = codec<EmptyRequest>('observer.GetNodesRequest');
export const getNodesResponse = codec<GetNodesResponse>('observer.GetNodesResponse');
export const getNamespacesResponse = codec<GetNamespacesResponse>('observer.GetNamespacesResponse');

/**
 * Reads and writes one message of the GetFlows stream. Decoded endpoints and policies are shared between
 * messages: do not change them. `encode` refuses fields and enum names that proto/hubble lacks; enum numbers pass.
 */
export const getFlowsResponse: Codec<GetFlowsResponse> = {
  decode: readFlowsResponse,
  encode: (message) => {
    const { flow, ...rest } = message;
    if (!isJsonObject(flow) || !isJsonObject(flow['extensions'])) {
      return Buffer.from(flowsResponse.encode(fromJson(flowsResponse, message)).finish());
    }
    const { extensions, ...plain } = flow;
    const built = fromJson(flowsResponse, { ...rest, flow: plain }) as unknown as {
      flow: { extensions?: { type_url: string; value: Uint8Array } };
    };
    built.flow.extensions = encodeAny(extensions);
    return Buffer.from(flowsResponse.encode(built).finish());
  },
};

const structRoot = protobuf.Root.fromJSON(
  protobuf.common.get('google/protobuf/struct.proto') ?? { nested: {} },
);

/** What an Any may hold here and still be written from its JSON. */
const INSIDE_ANY: ReadonlyMap<string, protobuf.Type> = new Map([
  ['google.protobuf.Struct', structRoot.lookupType('google.protobuf.Struct')],
  ['google.protobuf.StringValue', HUBBLE_ROOT.lookupType('google.protobuf.StringValue')],
]);

/** An Any from its JSON; for a type that is not known here from base64 in `value`. */
function encodeAny(extension: JsonObject): { type_url: string; value: Uint8Array } {
  const { '@type': url, value } = extension;
  const type_url = typeof url === 'string' ? url : '';
  const type = INSIDE_ANY.get(type_url.slice(type_url.lastIndexOf('/') + 1));
  if (type !== undefined) {
    return { type_url, value: type.encode(fromJson(type, value)).finish() };
  }
  return { type_url, value: Buffer.from(typeof value === 'string' ? value : '', 'base64') };
}

function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The service as grpc-js wants it, with raw bytes in and out: for `server.addService` as well as for
 * `client.makeUnaryRequest` and `makeServerStreamRequest`.
 */
export const OBSERVER_SERVICE = {
  GetFlows: rawMethod('/observer.Observer/GetFlows', true),
  GetNodes: rawMethod('/observer.Observer/GetNodes', false),
  GetNamespaces: rawMethod('/observer.Observer/GetNamespaces', false),
  ServerStatus: rawMethod('/observer.Observer/ServerStatus', false),
} as const;
