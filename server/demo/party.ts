import type { Cluster, DemoNode, DemoPod } from './cluster.ts';
import { getWorkload } from './cluster.ts';
import { OUTSIDE } from './outside.ts';
import { mixSeed, textSeed, type Random } from './random.ts';
import type { WireEndpoint } from './wire-message.ts';

/** One end of a connection, as packets and agents see it. */
export type Party = {
  readonly ip: string;
  readonly mac: string;
  /** Node whose agent knows it as local; absent outside the cluster. */
  readonly node: DemoNode | undefined;
  readonly interface: { readonly index: number; readonly name: string } | undefined;
  /** Names that agents of policed clients know for the address. */
  readonly names: readonly string[];
  /** What the agent of `observer` tells about this end. */
  endpointAt(observer: DemoNode): WireEndpoint;
};

function podParty(pod: DemoPod): Party {
  return {
    ip: pod.ip,
    mac: pod.mac,
    node: pod.node,
    interface: { index: pod.interfaceIndex, name: pod.interfaceName },
    names: [],
    endpointAt: (observer) => (observer === pod.node ? pod.local : pod.remote),
  };
}

/** First number of the identities that each agent hands out for itself (CIDR and FQDN peers). */
const NODE_LOCAL_IDENTITY = 16_777_216;
/** `reserved:world-ipv4` and `reserved:world-ipv6` of a dual-stack cluster. */
const WORLD_IPV4: WireEndpoint = { identity: 9, labels: ['reserved:world-ipv4'] };
const WORLD_IPV6: WireEndpoint = { identity: 10, labels: ['reserved:world-ipv6'] };
const HOST: WireEndpoint = { identity: 1, labels: ['reserved:host'] };
const REMOTE_NODE: WireEndpoint = { identity: 6, labels: ['reserved:remote-node'] };
const HEALTH: WireEndpoint = { identity: 4, labels: ['reserved:health'] };
const LOCAL_HEALTH: WireEndpoint = { ID: 132, ...HEALTH };

const selected = new Map<string, WireEndpoint>();

/** A peer that a CIDR or FQDN rule selects: its number means something on one node only. */
function selectedEndpoint(selector: string, observer: DemoNode): WireEndpoint {
  const number = mixSeed(textSeed(selector), observer.index) % 512;
  const key = `${selector} ${number}`;
  let endpoint = selected.get(key);
  if (endpoint === undefined) {
    endpoint = { identity: NODE_LOCAL_IDENTITY + number, labels: [selector, 'reserved:world'] };
    selected.set(key, endpoint);
  }
  return endpoint;
}

function outsideParty(name: string, random: Random, gatewayMac: string): Party {
  const outsider = OUTSIDE[name];
  if (outsider === undefined) throw new RangeError(`no address for ${name}`);
  const ip = random.pick(outsider.addresses);
  const { selector, domain } = outsider;
  const plain = ip.includes(':') ? WORLD_IPV6 : WORLD_IPV4;
  return {
    ip,
    mac: gatewayMac,
    node: undefined,
    interface: { index: 2, name: 'eth0' },
    names: domain === undefined ? [] : [domain],
    endpointAt: (observer) =>
      selector === undefined ? plain : selectedEndpoint(selector, observer),
  };
}

/** The node itself (`reserved:host` to its own agent), or its health endpoint. */
function hostParty(name: string, node: DemoNode): Party {
  const health = name === 'host/health';
  return {
    ip: health ? `10.0.${node.index + 1}.2` : `10.0.${node.index + 1}.1`,
    mac: node.mac,
    node,
    interface: health ? { index: 6, name: 'lxc_health' } : { index: 4, name: 'cilium_host' },
    names: [],
    endpointAt: (observer) => {
      if (health) return observer === node ? LOCAL_HEALTH : HEALTH;
      return observer === node ? HOST : REMOTE_NODE;
    },
  };
}

export type PartyPicker = (name: string, random: Random) => Party;

/** Chooses an end by its name in the traffic table: one of a workload's pods, an address outside, a node. */
export function createPartyPicker(cluster: Cluster): PartyPicker {
  const parties = new Map<string, readonly Party[]>();
  return (name, random) => {
    if (name.startsWith('world/'))
      return outsideParty(name, random, random.pick(cluster.nodes).mac);
    if (name.startsWith('host/')) return hostParty(name, random.pick(cluster.nodes));
    let known = parties.get(name);
    if (known === undefined) {
      known = getWorkload(cluster, name).pods.map(podParty);
      parties.set(name, known);
    }
    return random.pick(known);
  };
}
