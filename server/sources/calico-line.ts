import { createCalicoDecoder, type CalicoDecoder } from './decode/calico.ts';
import type { DecodedLine, Line, LineDecoder } from './line-decoder.ts';
import { lineJson } from './line-text.ts';

export const OLD_CALICO = 'old space-separated Calico format (2018), not supported';

/** Decodes lines of a Calico flow log, which name no node. */
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
  { bytes, place, receivedAt }: Line,
): DecodedLine {
  const raw = { format: 'calico-json', bytes } as const;
  const result = decode({ record, raw, receivedAt, place });
  if (!result.ok) return { rejected: result.reason };
  const { flow, unreadPolicies } = result;
  const format = 'Calico flow log';
  return unreadPolicies === 0
    ? { flow, format }
    : { flow, format, rejected: 'unreadable policy string (flow kept)' };
}

/** Two times, a type, and values without names, ending in the action. */
export function isOldCalico(text: string): boolean {
  return /^\d{9,10} \d{9,10} (wep|hep|ns|net|-) .* (allow|deny)$/.test(text);
}
