import { withoutDot } from './hubble-l7.ts';
import { pickTexts, type LooseObject } from './loose-json.ts';

export const NO_NAMES: readonly string[] = [];

/** DNS names of an end, without the trailing dot; `key` is `source_names` or `destination_names`. */
export function hubbleNames(flow: LooseObject, key: string): readonly string[] {
  const list = pickTexts(flow, key);
  return list.length === 0 ? NO_NAMES : list.map(withoutDot);
}
