import type { Endpoint, EndpointKind } from '../../core/flow.ts';
import { isObject, type LooseObject } from './loose-json.ts';

const KINDS: ReadonlyMap<string, EndpointKind> = new Map<string, EndpointKind>([
  ['wep', 'workload'],
  ['hep', 'host'],
  ['ns', 'networkSet'],
  ['net', 'network'],
]);

/** Text of a field; `-` is how Calico writes nothing. */
export function calicoText(record: LooseObject, key: string): string {
  const value = record[key];
  return typeof value === 'string' && value !== '-' ? value : '';
}

/** One end of a flow-log line (reference/calico.md 2.3). `side` is `source` or `dest`. */
export function calicoEndpoint(record: LooseObject, side: 'source' | 'dest'): Endpoint {
  const name = calicoText(record, `${side}_name`);
  const aggregate = calicoText(record, `${side}_name_aggr`);
  const namespace = calicoText(record, `${side}_namespace`);
  const type = calicoText(record, `${side}_type`);
  // Lines that passed through other hands may lack the type; a namespaced name is a pod then.
  const kind =
    KINDS.get(type) ?? (namespace !== '' && name + aggregate !== '' ? 'workload' : 'unknown');
  const labels = calicoLabels(record[`${side}_labels`]);
  const isPod = kind === 'workload';
  return {
    kind,
    cluster: '',
    namespace,
    pod: isPod ? name : '',
    workload: isPod ? workloadName(aggregate, labels) : '',
    workloadKind: '',
    name: isPod ? '' : kind === 'network' ? aggregate || name : name || aggregate,
    identity: 0,
    labels,
  };
}

/** Characters that Kubernetes makes hashes of; no vowels, so that no words come out. */
const TEMPLATE_HASH = /^(?=.*\d)[bcdfghjklmnpqrstvwxz2456789]{8,10}$/;

/** `web-6d4b75cb6d-*` is all pods of one roll-out of `web`; the hash changes with each, the owner does not. */
function workloadName(aggregate: string, labels: readonly string[]): string {
  const prefix = aggregate.replace(/-?\*$/, '');
  const dash = prefix.lastIndexOf('-');
  if (dash <= 0 || !aggregate.endsWith('*')) return prefix;
  const last = prefix.slice(dash + 1);
  const isHash = labels.includes(`pod-template-hash=${last}`) || TEMPLATE_HASH.test(last);
  return isHash ? prefix.slice(0, dash) : prefix;
}

const NO_LABELS: readonly string[] = [];

/** `{"labels": ["k=v"]}`; re-exports flatten it to a list, or nest a map. */
function calicoLabels(value: unknown): readonly string[] {
  const inner = isObject(value) && 'labels' in value ? value['labels'] : value;
  if (Array.isArray(inner)) {
    return inner.filter((label): label is string => typeof label === 'string');
  }
  if (!isObject(inner)) return NO_LABELS;
  return Object.entries(inner).flatMap(([key, text]) =>
    typeof text === 'string' ? [`${key}=${text}`] : [],
  );
}
