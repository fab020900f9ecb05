import type { MethodDefinition } from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import protoJson from 'protobufjs/ext/protojson.js';
import { compileReader } from './proto-json.ts';

const { fromJson } = protoJson;

/** Turns messages of one type into bytes and back. 64-bit integers are decimal text; zero values are absent. */
export type Codec<T> = {
  readonly encode: (message: T) => Buffer;
  /** Throws `WireError` on bytes that are no such message. */
  readonly decode: (bytes: Uint8Array) => T;
};

/** Makes the codec of a message type of any loaded root. */
export function messageCodec<T extends object>(type: protobuf.Type): Codec<T> {
  const read = compileReader(type);
  return {
    encode: (message) => Buffer.from(type.encode(fromJson(type, message)).finish()),
    // The reader yields the JSON form of this very type, which T spells out.
    decode: (bytes) => read(bytes) as T,
  };
}

const identity = (bytes: Buffer): Buffer => bytes;

/** A call with one request, with raw bytes in and out. */
export const rawMethod = (
  path: string,
  responseStream: boolean,
): MethodDefinition<Buffer, Buffer> => ({
  path,
  requestStream: false,
  responseStream,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
});
