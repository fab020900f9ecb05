import { Client, credentials, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import {
  getFlowsRequest,
  getFlowsResponse,
  HUBBLE_ROOT,
  OBSERVER_SERVICE,
  type GetFlowsRequest,
  type GetFlowsResponse,
} from '../../server/sources/hubble-proto.ts';
import type { JsonObject } from '../../server/sources/json-value.ts';

const raw = (bytes: Buffer): Buffer => bytes;

/** One GetFlows call; `ended` rejects with the status of a call that failed. */
export type Reading = {
  readonly messages: GetFlowsResponse[];
  readonly bytes: Buffer[];
  readonly ended: Promise<void>;
  readonly cancel: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
};

export type ObserverClient = Disposable & {
  read(request: GetFlowsRequest | Buffer): Reading;
  /** Flows of a call that ends. */
  flows(request: GetFlowsRequest | Buffer): Promise<readonly JsonObject[]>;
  unary(path: string): Promise<Buffer>;
  /** Opens a server stream of any path. */
  stream(path: string, request: Buffer): Reading;
};

export type ClientOptions = {
  readonly credentials?: ChannelCredentials;
  readonly serverName?: string;
};

export const flowsOf = (messages: readonly GetFlowsResponse[]): readonly JsonObject[] =>
  messages.flatMap(({ flow }) => (flow === undefined ? [] : [flow as JsonObject]));

/** A real gRPC client of an Observer server. */
export function openClient(
  address: string,
  { credentials: given = credentials.createInsecure(), serverName }: ClientOptions = {},
): ObserverClient {
  const name = serverName === undefined ? {} : { 'grpc.ssl_target_name_override': serverName };
  const client = new Client(address, given, name);
  const stream = (path: string, request: Buffer): Reading => {
    const call = client.makeServerStreamRequest(path, raw, raw, request);
    const bytes: Buffer[] = [];
    const messages: GetFlowsResponse[] = [];
    call.on('data', (message: Buffer) => {
      bytes.push(message);
      messages.push(getFlowsResponse.decode(message));
    });
    const ended = new Promise<void>((resolve, reject) => {
      call.on('end', resolve);
      call.on('error', reject);
    });
    ended.catch(() => undefined);
    return {
      messages,
      bytes,
      ended,
      cancel: () => call.cancel(),
      pause: () => void call.pause(),
      resume: () => void call.resume(),
    };
  };
  const read = (request: GetFlowsRequest | Buffer): Reading =>
    stream(
      OBSERVER_SERVICE.GetFlows.path,
      Buffer.isBuffer(request) ? request : getFlowsRequest.encode(request),
    );
  return {
    read,
    stream,
    async flows(request) {
      const reading = read(request);
      await reading.ended;
      return flowsOf(reading.messages);
    },
    unary: (path) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, raw, raw, Buffer.alloc(0), (error, answer) => {
          if (answer === undefined) reject(error ?? new Error('no answer'));
          else resolve(answer);
        });
      }),
    [Symbol.dispose]: () => client.close(),
  };
}

/** A request with a field mask, whose paths JSON would have to write in another case. */
export function maskedRequest(paths: readonly string[], request: GetFlowsRequest = {}): Buffer {
  const type = HUBBLE_ROOT.lookupType('observer.GetFlowsRequest');
  const mask = type.encode(type.fromObject({ field_mask: { paths: [...paths] } })).finish();
  return Buffer.concat([getFlowsRequest.encode(request), mask]);
}

/** The place of the mask in Cilium 1.14 and 1.15. */
export function oldMaskedRequest(paths: readonly string[]): Buffer {
  const writer = protobuf.Writer.create()
    .uint32((999 << 3) | 2)
    .fork()
    .uint32((1 << 3) | 2)
    .fork();
  for (const path of paths) writer.uint32((1 << 3) | 2).string(path);
  return Buffer.from(writer.ldelim().ldelim().finish());
}

/** The status with which a call failed. */
export async function failure(reading: Reading): Promise<ServiceError> {
  try {
    await reading.ended;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error('the call ended without an error');
}
