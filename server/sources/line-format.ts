import { calicoLine, isOldCalico, OLD_CALICO } from './calico-line.ts';
import { createCalicoDecoder } from './decode/calico.ts';
import { createHubbleDecoder } from './decode/hubble.ts';
import { isObject, type LooseObject } from './decode/loose-json.ts';
import { unwrap } from './decode/unwrap.ts';
import { hubbleLine } from './hubble-line.ts';
import type { LineDecoder } from './line-decoder.ts';
import { lineJson } from './line-text.ts';

/** What `anyFormat` reads, for people. */
export const KNOWN_FORMATS =
  'Hubble JSON lines (exporter files, hubble observe -o jsonpb) and Calico Enterprise or Cloud flow logs (JSON lines)';

/**
 * Tells the formats apart line by line, since collectors mix them in one file and settings are mistaken.
 * `node` is the reporter of lines that name none.
 */
export function anyFormat(origin: string, node: string): LineDecoder {
  const hubble = createHubbleDecoder({ origin });
  const calico = createCalicoDecoder({ origin, node });
  return (line) => {
    if (isOldCalico(line.text)) return { rejected: OLD_CALICO };
    const json = lineJson(line.text);
    if (!json.ok) return { rejected: json.reason };
    return isObject(json.value) && looksLikeCalico(unwrap(json.value))
      ? calicoLine(calico, json.value, line)
      : hubbleLine(hubble, json.value, line, node);
  };
}

const CALICO_KEYS = [
  'reporter',
  'action',
  'Key',
  'qname',
  'src_name_aggr',
  'start_time',
  'startTime',
];

function looksLikeCalico(record: LooseObject): boolean {
  if (isObject(record['flow'])) return 'Key' in record['flow'];
  return !('verdict' in record) && CALICO_KEYS.some((key) => key in record);
}
