import type { Flow } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { createHubbleDecoder, type HubbleRecord } from '../../server/sources/decode/hubble.ts';

/** When all records of these tests were received. */
export const RECEIVED = nanos(1_800_000_000_000_000_000n);

type Decode = (record: unknown) => HubbleRecord;

/** A decoder of records alone: no bytes, no place. */
export function decoder(): Decode {
  const decode = createHubbleDecoder({ origin: 'test' });
  const raw = { format: 'hubble-json', bytes: new Uint8Array() } as const;
  return (record) => decode({ record, raw, receivedAt: RECEIVED });
}

export function flowOf(record: unknown, decode = decoder()): Flow {
  const result = decode(record);
  if (!result.ok || result.kind !== 'flow') throw new Error(`no flow: ${JSON.stringify(result)}`);
  return result.flow;
}

/** The flow of a record with these fields. */
export const flow = (fields: object): Flow => flowOf({ flow: fields });
