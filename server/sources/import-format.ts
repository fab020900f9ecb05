import { calicoLine, isOldCalico, OLD_CALICO } from './calico-file.ts';
import { createCalicoDecoder } from './decode/calico.ts';
import { createHubbleDecoder } from './decode/hubble.ts';
import { isObject, type LooseObject } from './decode/loose-json.ts';
import { unwrap } from './decode/unwrap.ts';
import { hubbleLine } from './hubble-file.ts';
import { lineJson } from './line-text.ts';
import type { LineDecoder } from './tailed-source.ts';

/** What `anyFormat` reads, for people. */
export const KNOWN_FORMATS =
  'Hubble JSON lines (exporter files, hubble observe -o jsonpb) and Calico Enterprise or Cloud flow logs (JSON lines)';

/** Tells the formats apart line by line, since collectors mix them in one file. */
export function anyFormat(
  origin: string,
  node: string,
  onFormat: (format: string) => void,
): LineDecoder {
  const hubble = createHubbleDecoder({ origin });
  const calico = createCalicoDecoder({ origin, node });
  return (line) => {
    if (isOldCalico(line.text)) return { rejected: OLD_CALICO };
    const json = lineJson(line.text);
    if (!json.ok) return { rejected: json.reason };
    const isCalico = isObject(json.value) && looksLikeCalico(unwrap(json.value));
    const decoded = isCalico
      ? calicoLine(calico, json.value, line)
      : hubbleLine(hubble, json.value, line, node);
    if (decoded.flow !== undefined || decoded.gap !== undefined) {
      onFormat(isCalico ? 'Calico flow log' : 'Hubble JSON');
    }
    return decoded;
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
