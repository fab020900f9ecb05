import { isRetinaEnd } from './hubble-reporter.ts';
import { isObject, pickInteger, pickObject, pickText, type LooseObject } from './loose-json.ts';
import { unwrap } from './unwrap.ts';

/** What Retina says in an extension of the kind that holds anything (reference/hubble.md 8.2). */
const EXTENSION_KEYS = [
  ...['bytes', 'dns_type', 'num_responses', 'tcp_id', 'drop_reason', 'source_zone'],
  ...['previously_observed_packets', 'previously_observed_bytes', 'destination_zone'],
];
const POLICY_VERDICT = 5;
/** Two numbers of an endpoint may be equal by chance once, not for all of so many flows. */
const ENOUGH_ALIKE = 10;

/**
 * Whether records of one source are Retina's, which watches clusters whose policies are Azure NPM's or nobody's, and
 * speaks Hubble's protocol without Cilium's knowledge. Its newest records say so; older ones show it only together. A
 * single record of Cilium's own disproves it.
 */
export function areRetinas(records: readonly unknown[]): boolean {
  const told = { retina: 0, alike: 0, none: 0 };
  for (const record of records) {
    const outer = isObject(record) ? unwrap(record) : {};
    const signs = signsOf(pickObject(outer, 'flow') ?? outer);
    if (signs === 'other') return false;
    told[signs] += 1;
  }
  return told.retina > 0 || told.alike >= ENOUGH_ALIKE;
}

function signsOf(flow: LooseObject): 'retina' | 'other' | 'alike' | 'none' {
  const emitter = pickText(pickObject(flow, 'emitter'), 'name');
  if (emitter !== '') return /retina/i.test(emitter) ? 'retina' : 'other';
  const extension = pickObject(flow, 'extensions');
  if (pickText(extension, '@type').endsWith('RetinaMetadata')) return 'retina';
  const said = pickObject(extension, 'value') ?? {};
  if (EXTENSION_KEYS.some((key) => key in said)) return 'retina';
  if (pickInteger(pickObject(flow, 'event_type'), 'type') === POLICY_VERDICT) return 'other';
  const ends = [pickObject(flow, 'source'), pickObject(flow, 'destination')];
  if (ends.every(isRetinaEnd)) return 'alike';
  return ends.some((end) => (pickInteger(end, 'ID') ?? 0) !== 0 && !isRetinaEnd(end))
    ? 'other'
    : 'none';
}
