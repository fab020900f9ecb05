import { AppError } from '../core/errors.ts';
import type { RecordedFlow } from '../core/flow.ts';
import { isBareFlow } from '../sources/decode/hubble-bare.ts';
import { isObject } from '../sources/decode/loose-json.ts';
import { unwrap } from '../sources/decode/unwrap.ts';
import { recordJson } from './show-flow.ts';

/**
 * The record of a Hubble flow as `hubble observe -o jsonpb` prints it: a GetFlowsResponse, one line. Throws an AppError
 * `bad-request` for a flow that Hubble did not tell, which has no such record.
 */
export function hubbleLine({ seq, raw }: RecordedFlow): string {
  const record = raw.format.startsWith('hubble-') ? recordJson(raw) : null;
  if (!isObject(record)) {
    throw new AppError(
      'bad-request',
      `flow ${seq} was recorded as ${raw.format}, which is no Hubble message; print it with --output json, ` +
        `or leave such flows out (Calico's: -event:flow-log)`,
    );
  }
  return JSON.stringify(enveloped(unwrap(record)));
}

/** Old exporters and some log shippers write the flow alone. */
function enveloped(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (record['flow'] !== undefined || !isBareFlow(record)) return record;
  const { node_name, time } = record;
  return { flow: record, node_name, time };
}
