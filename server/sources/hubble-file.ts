import { createHubbleDecoder, type HubbleDecoder } from './decode/hubble.ts';
import type { FlowSource } from './flow-source.ts';
import { lineJson } from './line-text.ts';
import {
  tailedSource,
  type DecodedLine,
  type FileSourceOptions,
  type LineDecoder,
} from './tailed-source.ts';

/** HTTP headers and long label lists make lines far longer than the 64 KiB at which Hubble's own reader stops. */
const LINE_LIMIT = 1024 * 1024;

/** Follows the newline-delimited JSON that the Hubble exporter writes, across its rotations. */
export function hubbleFile(options: FileSourceOptions): FlowSource {
  return tailedSource(options, 'hubble-file', {
    lineLimit: LINE_LIMIT,
    createDecoder: () => hubbleLines(options.name, options.node),
  });
}

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
  { bytes, place, receivedAt }: Omit<Parameters<LineDecoder>[0], 'text'>,
  node: string,
): DecodedLine {
  const raw = { format: 'hubble-json', bytes } as const;
  const result = decode({ record, raw, receivedAt, place });
  if (!result.ok) return { rejected: result.reason };
  switch (result.kind) {
    case 'flow':
      return { flow: result.flow.node === '' ? { ...result.flow, node } : result.flow };
    case 'gap':
      return { gap: result.gap.node === '' ? { ...result.gap, node } : result.gap };
    case 'node-status':
      return { rejected: 'node status, which tells nothing of flows in a file' };
  }
}
