import { flowResult } from '../../server/sources/goldmane-proto.ts';
import type { JsonObject } from '../../server/sources/json-value.ts';
import { sampleLines } from './samples.ts';

export type GoldmaneSample = {
  readonly message: string;
  readonly note: string;
  /** Protobuf JSON. */
  readonly json: JsonObject;
  readonly base64: string;
  /** As the emitter writes it; flows only. */
  readonly emitter_json?: JsonObject;
};

export const goldmaneSamples = (): readonly GoldmaneSample[] =>
  sampleLines('calico/goldmane-wire.jsonl').map((line) => JSON.parse(line) as GoldmaneSample);

/** A field of a message that holds a message: its tag, its length, its bytes. */
export function embedded(field: number, bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.of((field << 3) | 2, ...length), bytes]);
}

/** The flow samples as a stream sends them, bytes of the reference compiler inside. */
export const sampleFlowResults = (): readonly Buffer[] =>
  goldmaneSamples()
    .filter(({ message }) => message === 'goldmane.Flow')
    .map(({ base64 }) => embedded(2, Buffer.from(base64, 'base64')));

/** A made-up flow: `client` to `server` in the bucket that begins at `start`. */
export function goldmaneFlow(start: number, client: string, more: JsonObject = {}): JsonObject {
  const hit = {
    kind: 'CalicoNetworkPolicy',
    namespace: 'shop',
    name: 'default.web',
    tier: 'default',
  };
  return {
    Key: {
      ...{ source_name: `${client}-*`, source_namespace: 'shop', source_type: 'WorkloadEndpoint' },
      ...{ dest_name: 'server-*', dest_namespace: 'shop', dest_type: 'WorkloadEndpoint' },
      ...{ dest_port: '8080', proto: 'tcp', reporter: 'Dst', action: 'Allow' },
      policies: { enforced_policies: [{ ...hit, action: 'Allow' }] },
    },
    start_time: String(start),
    end_time: String(start + 15),
    packets_in: '6',
    packets_out: '4',
    num_connections_started: '2',
    num_connections_live: '2',
    ...more,
  };
}

export const asResult = (flow: JsonObject): Buffer => flowResult.encode({ id: '1', flow });
