import { createCalicoDecoder, type CalicoDecoder } from './decode/calico.ts';
import type { FlowSource } from './flow-source.ts';
import { lineJson } from './line-text.ts';
import {
  tailedSource,
  type DecodedLine,
  type FileSourceOptions,
  type LineDecoder,
} from './tailed-source.ts';

/** Lines list labels, policies, domains and addresses without a bound of their own (reference/calico.md 13.2). */
const LINE_LIMIT = 10 * 1024 * 1024;

export const OLD_CALICO = 'old space-separated Calico format (2018), not supported';

/** Follows a node's Calico Enterprise or Cloud flow log, across its rotations. */
export function calicoFile(options: FileSourceOptions): FlowSource {
  return tailedSource(options, 'calico-file', {
    lineLimit: LINE_LIMIT,
    createDecoder: () => calicoLines(options.name, options.node),
  });
}

export function calicoLines(origin: string, node: string): LineDecoder {
  const decode = createCalicoDecoder({ origin, node });
  return (line) => {
    if (isOldCalico(line.text)) return { rejected: OLD_CALICO };
    const json = lineJson(line.text);
    return json.ok ? calicoLine(decode, json.value, line) : { rejected: json.reason };
  };
}

export function calicoLine(
  decode: CalicoDecoder,
  record: unknown,
  { bytes, place, receivedAt }: Omit<Parameters<LineDecoder>[0], 'text'>,
): DecodedLine {
  const raw = { format: 'calico-json', bytes } as const;
  const result = decode({ record, raw, receivedAt, place });
  if (!result.ok) return { rejected: result.reason };
  const { flow, unreadPolicies } = result;
  return unreadPolicies === 0
    ? { flow }
    : { flow, rejected: 'unreadable policy string (flow kept)' };
}

/** Two times, a type, and values without names, ending in the action. */
export function isOldCalico(text: string): boolean {
  return /^\d{9,10} \d{9,10} (wep|hep|ns|net|-) .* (allow|deny)$/.test(text);
}
