import type { Direction, PolicyHit, RawRecord } from '../../core/flow.ts';
import type { EpochNanos } from '../../core/time.ts';
import { enumName } from '../goldmane-proto.ts';
import { policyHit } from './calico-policy.ts';
import type { CalicoTrace } from './calico-trace.ts';
import { createCalicoDecoder, type CalicoRecord } from './calico.ts';
import { hashedId } from './flow-id.ts';
import {
  asInteger,
  isObject,
  pickObject,
  pickObjects,
  pickText,
  pickTexts,
  type LooseObject,
} from './loose-json.ts';

export type GoldmaneInput = {
  /** A Flow: its message as JSON, or what Goldmane's emitter writes. */
  readonly flow: unknown;
  readonly raw: RawRecord;
  readonly receivedAt: EpochNanos;
};

export type GoldmaneDecoder = (input: GoldmaneInput) => CalicoRecord;

/**
 * Decodes flows of Goldmane by saying them as lines of a flow log, so that ends, counters and verdicts mean the same
 * whichever product tells them. Hits come in parts and not as text, and a flow is known again by its key and the
 * beginning of its bucket (reference/calico.md 6.6).
 */
export function createGoldmaneDecoder({ origin }: { readonly origin: string }): GoldmaneDecoder {
  const decode = createCalicoDecoder({ origin, node: '' });
  return ({ flow, raw, receivedAt }) => {
    const key = isObject(flow) ? pickObject(flow, 'Key') : undefined;
    if (!isObject(flow) || key === undefined) return { ok: false, reason: 'not a Goldmane flow' };
    const record = calicoRecord(flow, key);
    const trace = (direction: Direction): CalicoTrace => goldmaneTrace(key, direction);
    const id = hashedId(['goldmane', count(flow, 'start_time'), JSON.stringify(canonicalKey(key))]);
    return decode({ record, raw, receivedAt, told: { trace, id } });
  };
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['WorkloadEndpoint', 'wep'],
  ['HostEndpoint', 'hep'],
  ['NetworkSet', 'ns'],
  ['Network', 'net'],
]);

const REPORTERS: ReadonlyMap<string, string> = new Map([
  ['Src', 'src'],
  ['Dst', 'dst'],
]);

/** Zero is left out of messages, so what is not there is zero. */
const count = (object: LooseObject, name: string): number => asInteger(object[name]) ?? 0;

function calicoRecord(flow: LooseObject, key: LooseObject): LooseObject {
  const reporter = enumName('Reporter', key['reporter']);
  const port = count(key, 'dest_port');
  return {
    start_time: count(flow, 'start_time'),
    end_time: count(flow, 'end_time'),
    ...endRecord(flow, key, 'source'),
    ...endRecord(flow, key, 'dest'),
    dest_port: port === 0 ? null : port,
    dest_service_namespace: key['dest_service_namespace'],
    dest_service_name: key['dest_service_name'],
    dest_service_port: key['dest_service_port_name'],
    dest_service_port_num: count(key, 'dest_service_port'),
    proto: key['proto'],
    reporter: REPORTERS.get(reporter) ?? reporter,
    action: enumName('Action', key['action']),
    packets_in: count(flow, 'packets_in'),
    packets_out: count(flow, 'packets_out'),
    bytes_in: count(flow, 'bytes_in'),
    bytes_out: count(flow, 'bytes_out'),
    num_flows: count(flow, 'num_connections_live'),
    num_flows_started: count(flow, 'num_connections_started'),
    num_flows_completed: count(flow, 'num_connections_completed'),
  };
}

/** Names are those of the aggregate always: no pod and no address is told (reference/calico.md 6.3). */
function endRecord(flow: LooseObject, key: LooseObject, side: 'source' | 'dest'): LooseObject {
  const type = enumName('EndpointType', key[`${side}_type`]);
  return {
    [`${side}_name_aggr`]: key[`${side}_name`],
    [`${side}_namespace`]: key[`${side}_namespace`],
    [`${side}_type`]: TYPES.get(type) ?? type,
    [`${side}_labels`]: pickTexts(flow, `${side}_labels`),
  };
}

function goldmaneTrace(key: LooseObject, direction: Direction): CalicoTrace {
  const policies = pickObject(key, 'policies');
  const enforced = hitsOf(policies, 'enforced', direction);
  const pending = hitsOf(policies, 'pending', direction);
  return { hits: [...enforced, ...pending], final: enforced.at(-1), unread: 0 };
}

/** Hits stand in no order before 3.31.5, so their index tells it. */
function hitsOf(
  policies: LooseObject | undefined,
  stage: 'enforced' | 'pending',
  direction: Direction,
): readonly PolicyHit[] {
  return pickObjects(policies, `${stage}_policies`)
    .toSorted((one, other) => count(one, 'policy_index') - count(other, 'policy_index'))
    .map((hit) => hitOf(hit, stage, direction));
}

const ACTIONS = { Allow: 'allow', Deny: 'deny', Pass: 'pass' } as const;

/**
 * The end of a tier has no name of its own; its trigger is the policy that lines of a flow log name there, which is
 * only a witness here too.
 */
function hitOf(hit: LooseObject, stage: PolicyHit['stage'], direction: Direction): PolicyHit {
  const kind = enumName('PolicyKind', hit['kind']);
  const isEnd = kind === 'EndOfTier';
  const named = isEnd ? (pickObject(hit, 'trigger') ?? hit) : hit;
  const action = enumName('Action', hit['action']);
  const known = action === 'Allow' || action === 'Deny' || action === 'Pass';
  const told = policyHit(
    {
      policyIndex: count(hit, 'policy_index'),
      tier: pickText(hit, 'tier') || pickText(named, 'tier'),
      kind: enumName('PolicyKind', named['kind']),
      namespace: pickText(named, 'namespace'),
      name: pickText(named, 'name'),
      action: known ? ACTIONS[action] : 'pass',
      ruleIndex: isEnd ? -1 : count(hit, 'rule_index'),
    },
    stage,
    direction,
  );
  return known ? told : { ...told, action: 'unknown' };
}

/** What Goldmane tells flows apart by, written alike whichever form it came in. */
function canonicalKey(key: LooseObject): readonly unknown[] {
  const policies = pickObject(key, 'policies');
  const hits = (name: string): readonly unknown[] =>
    pickObjects(policies, name)
      .map(canonicalHit)
      .toSorted((one, other) => (String(one) < String(other) ? -1 : 1));
  return [
    ...['source_name', 'source_namespace', 'dest_name', 'dest_namespace', 'proto'].map((name) =>
      pickText(key, name),
    ),
    ...['dest_service_name', 'dest_service_namespace', 'dest_service_port_name'].map((name) =>
      pickText(key, name),
    ),
    enumName('EndpointType', key['source_type']),
    enumName('EndpointType', key['dest_type']),
    count(key, 'dest_port'),
    count(key, 'dest_service_port'),
    enumName('Reporter', key['reporter']),
    enumName('Action', key['action']),
    hits('enforced_policies'),
    hits('pending_policies'),
  ];
}

function canonicalHit(hit: LooseObject): readonly unknown[] {
  const trigger = pickObject(hit, 'trigger');
  return [
    count(hit, 'policy_index'),
    enumName('PolicyKind', hit['kind']),
    ...['namespace', 'name', 'tier'].map((name) => pickText(hit, name)),
    enumName('Action', hit['action']),
    count(hit, 'rule_index'),
    ...(trigger === undefined ? [] : canonicalHit(trigger)),
  ];
}
