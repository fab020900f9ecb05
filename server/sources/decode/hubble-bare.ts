import { isL4Member } from './hubble-parts.ts';
import { isObject, type LooseObject } from './loose-json.ts';

/** Keys that stand at the top of a Flow and of no other record that we know. */
const FLOW_KEYS = ['verdict', 'event_type', 'eventType', 'traffic_direction', 'trafficDirection'];
const FLOW_TYPES: ReadonlySet<unknown> = new Set(['UNKNOWN_TYPE', 'L3_L4', 'L7', 'SOCK']);
const END_KEYS = [
  'ID',
  'identity',
  'cluster_name',
  'clusterName',
  'namespace',
  'labels',
  'pod_name',
  'podName',
  'workloads',
];

/**
 * Whether a record is a Flow without its envelope (reference/hubble.md 4.2). Of a masked one little may be left,
 * and other logs have a `source` too, so what is left has to look like Hubble's.
 */
export function isBareFlow(record: LooseObject): boolean {
  if (FLOW_KEYS.some((key) => record[key] !== undefined)) return true;
  if (FLOW_TYPES.has(record['Type'])) return true;
  if (isFlag(record['is_reply']) || isFlag(record['isReply'])) return true;
  if (isIp(record['IP']) || isL4(record['l4'])) return true;
  return isEnd(record['source']) || isEnd(record['destination']);
}

const isFlag = (value: unknown): boolean =>
  typeof value === 'boolean' || value === 'true' || value === 'false';

const isIp = (value: unknown): boolean =>
  isObject(value) &&
  (typeof value['source'] === 'string' || typeof value['destination'] === 'string');

const isL4 = (value: unknown): boolean => isObject(value) && Object.keys(value).some(isL4Member);

/** A mask leaves empty endpoints behind. */
const isEnd = (value: unknown): boolean =>
  isObject(value) &&
  (Object.keys(value).length === 0 || END_KEYS.some((key) => Object.hasOwn(value, key)));
