import { dropReason } from '../core/drop-reasons.ts';
import type { Endpoint, FlowFields } from '../core/flow.ts';
import { canonicalAddress } from '../query/address.ts';
import type {
  ClusterFacts,
  Connection,
  Dataplane,
  HttpRequest,
  Judged,
  Labels,
  Party,
  PodParty,
} from './facts.ts';
import { partyAt, placesOf } from './places.ts';

export type FlowJudgedOptions = {
  readonly facts: ClusterFacts;
  readonly dataplane: Dataplane;
  /** From the record, where it tells of ICMP: flows keep neither. */
  readonly icmp: Connection['icmp'];
};

/** The packet that a flow tells of, as policy is asked about it. Of an aggregate, one of its connections. */
export function judgedOf(flow: FlowFields, options: FlowJudgedOptions): Judged {
  const client = partyOf({ end: flow.source, ip: flow.sourceIp, names: flow.sourceNames }, options);
  const server = partyOf(
    { end: flow.destination, ip: flow.destinationIp, names: flow.destinationNames },
    options,
  );
  return {
    reply: flow.reply === 'unknown' && wasJudged(flow) ? 'no' : flow.reply,
    connection: {
      client,
      server,
      clientIp: textOr(flow.sourceIp),
      serverIp: textOr(flow.destinationIp),
      protocol: protocolOf(flow),
      port: portOr(flow.destinationPort),
      sourcePort: portOr(flow.sourcePort),
      icmp: options.icmp,
      http: httpOf(flow),
      dns: flow.l7?.protocol === 'dns' ? flow.l7.path : undefined,
      kafka: undefined,
      sni: undefined,
      ...(isUnauthenticated(flow) ? { authenticated: false } : {}),
    },
  };
}

const textOr = (text: string): string | undefined => (text === '' ? undefined : text);
const portOr = (port: number): number | undefined => (port > 0 ? port : undefined);

/**
 * Policy is not asked about replies, so a packet that it was asked about stands as a new connection, even where it is
 * a reply whose connection was forgotten. Calico tells of connections and not of packets.
 */
const wasJudged = ({ event, verdict }: FlowFields): boolean =>
  event === 'policy-verdict' ||
  event === 'flow-log' ||
  (verdict.kind === 'dropped' && dropReason(verdict.reason).category === 'policy');

/** Dropped for want of it, and for nothing else. */
const isUnauthenticated = ({ verdict }: FlowFields): boolean =>
  verdict.kind === 'dropped' && verdict.reason === 'AUTH_REQUIRED';

function protocolOf({ protocol, sourceIp }: FlowFields): string {
  if (protocol === 'icmpv6' || (protocol === 'icmp' && sourceIp.includes(':'))) return 'ICMPv6';
  return protocol.toUpperCase();
}

function httpOf({ l7 }: FlowFields): HttpRequest | undefined {
  if (l7?.protocol !== 'http') return undefined;
  const url = URL.parse(l7.path, 'http://host.invalid');
  const host = url?.host === 'host.invalid' ? undefined : url?.host;
  return {
    method: textOr(l7.method),
    path: url === null ? textOr(l7.path) : url.pathname + url.search,
    host,
    headers: undefined,
  };
}

type Seen = { readonly end: Endpoint; readonly ip: string; readonly names: readonly string[] };

function partyOf(seen: Seen, { facts, dataplane }: FlowJudgedOptions): Party {
  const { end, ip, names } = seen;
  switch (end.kind) {
    case 'workload':
      return podOf(seen, facts, dataplane);
    case 'host':
      return hostOf(seen, facts);
    case 'network':
    case 'networkSet':
      if (ip === '') return end.kind === 'networkSet' ? setOf(end) : { kind: 'unresolved', ip };
      // Cilium judged it as outside, whatever the address is today; others compare addresses.
      return dataplane === 'cilium' || reserved(end).length > 0
        ? outside(end, ip, names, facts)
        : partyAt(facts, ip, someOf(names));
    case 'unknown': {
      const [entity] = reserved(end);
      if (entity !== undefined) return { kind: 'reserved', entity, ip: textOr(ip) };
      const found = placesOf(facts).party.get(canonicalAddress(ip) ?? ip);
      return found ?? { kind: 'unresolved', ip };
    }
  }
}

/** An aggregate without an address names the set that all of its addresses are in. */
const setOf = ({ namespace, name }: Endpoint): Party => ({
  ...{ kind: 'address', ip: '', names: undefined, apiServer: false },
  set: { namespace, name },
});

function outside(end: Endpoint, ip: string, names: readonly string[], facts: ClusterFacts): Party {
  const entities = reserved(end);
  const [entity] = entities;
  const isWorld =
    entities.length === 0 || entities.some((name) => /^world|^kube-apiserver/.test(name));
  if (!isWorld && entity !== undefined) return { kind: 'reserved', entity, ip };
  const apiServer =
    entities.includes('kube-apiserver') || facts.apiServerIps.some((each) => each === ip);
  return { kind: 'address', ip, names: someOf(names), apiServer };
}

/** A record without names does not say that there are none. */
const someOf = (names: readonly string[]): readonly string[] | undefined =>
  names.length === 0 ? undefined : names;

const RESERVED = 'reserved:';

const reserved = ({ labels }: Endpoint): readonly string[] =>
  labels.filter((label) => label.startsWith(RESERVED)).map((label) => label.slice(RESERVED.length));

function hostOf({ end, ip }: Seen, facts: ClusterFacts): Party {
  const node = facts.nodes.get(end.name) ?? placesOf(facts).party.get(canonicalAddress(ip) ?? ip);
  if (node?.kind === 'node') return node;
  return { kind: 'reserved', entity: reserved(end)[0] ?? 'remote-node', ip: textOr(ip) };
}

/** As the API had it at the time, which has labels that records lack; else as the record has it. */
function podOf({ end, ip }: Seen, facts: ClusterFacts, dataplane: Dataplane): PodParty {
  const known = facts.pods.get(`${end.namespace}/${end.pod}`);
  if (known !== undefined) return known;
  return recordedPod(end, ip, dataplane);
}

/** Ends are shared by thousands of flows, and what selects a pod is found once for each of its objects. */
const recorded = new WeakMap<Endpoint, Map<string, PodParty>>();

function recordedPod(end: Endpoint, ip: string, dataplane: Dataplane): PodParty {
  const byAddress = recorded.get(end) ?? new Map<string, PodParty>();
  recorded.set(end, byAddress);
  const key = `${dataplane} ${ip}`;
  let pod = byAddress.get(key);
  if (pod === undefined) {
    pod = {
      kind: 'pod',
      namespace: end.namespace,
      name: end.pod,
      labels: recordedLabels(end),
      ips: ip === '' ? [] : [ip],
      ports: undefined,
      node: undefined,
      // Cilium and Calico tell of such a pod as of its node.
      hostNetwork: dataplane === 'azure-npm' ? undefined : false,
      serviceAccount: end.labels
        .find((label) => label.startsWith(SERVICE_ACCOUNT))
        ?.slice(SERVICE_ACCOUNT.length),
    };
    byAddress.set(key, pod);
  }
  return pod;
}

const SERVICE_ACCOUNT = 'k8s:io.cilium.k8s.policy.serviceaccount=';
/** Labels that Cilium adds to an identity and that are none of the pod's. */
const ADDED = /^(?:io\.cilium\.k8s\.|io\.kubernetes\.pod\.namespace$)/;

/** Those of an aggregate are what its pods have in common: others may be there. */
function recordedLabels({ labels, pod }: Endpoint): Labels {
  const known = new Map<string, string>();
  for (const label of labels) {
    const text = label.startsWith('k8s:') ? label.slice(4) : label;
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    if (!ADDED.test(key) && !key.includes(':'))
      known.set(key, equals < 0 ? '' : text.slice(equals + 1));
  }
  return { known, complete: labels.length > 0 && pod !== '' && !pod.endsWith('*') };
}
