import { createHubbleDecoder, type HubbleDecoder } from './decode/hubble.ts';
import { isObject } from './decode/loose-json.ts';
import { unwrap } from './decode/unwrap.ts';
import type { DecodedLine, Line, LineDecoder, LineFormat } from './line-decoder.ts';
import { lineJson } from './line-text.ts';

/** Decodes lines of Hubble JSON; `node` is the reporter of lines that name none. */
export function hubbleLines(origin: string, node: string): LineDecoder {
  const decode = createHubbleDecoder({ origin });
  return (line) => {
    const json = lineJson(line.text);
    return json.ok ? hubbleLine(decode, json.value, line, node) : { rejected: json.reason };
  };
}

export function hubbleLine(
  decode: HubbleDecoder,
  record: unknown,
  { bytes, place, receivedAt }: Line,
  node: string,
): DecodedLine {
  const raw = { format: 'hubble-json', bytes } as const;
  const result = decode({ record, raw, receivedAt, place });
  if (!result.ok) return { rejected: result.reason };
  switch (result.kind) {
    case 'flow': {
      const { flow } = result;
      return { flow: flow.node === '' ? { ...flow, node } : flow, format: formatOf(record) };
    }
    case 'gap': {
      const { gap } = result;
      return { gap: gap.node === '' ? { ...gap, node } : gap, format: 'Hubble JSON' };
    }
    case 'node-status':
      return { rejected: 'node status, which tells nothing of flows in a file' };
  }
}

/** ACNS aggregates unless it is told not to (reference/hubble.md 8.1). */
function formatOf(record: unknown): LineFormat {
  if (!isObject(record)) return 'Hubble JSON';
  const response = unwrap(record);
  const flow = isObject(response['flow']) ? response['flow'] : response;
  return isObject(flow['aggregate']) ? 'aggregated Hubble JSON' : 'Hubble JSON';
}
