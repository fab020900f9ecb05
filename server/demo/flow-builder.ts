import type { DemoNode } from './cluster.ts';
import type { Decision, Edge } from './edge.ts';
import type { Party } from './party.ts';
import { randomUuid, type Random } from './random.ts';
import type { EventDetails } from './event-details.ts';
import {
  FLOW_TYPE,
  type WireFlags,
  type WireFlow,
  type WireLayer4,
  type WireResponse,
} from './wire-message.ts';

/** One message of the simulated stream. */
export type DemoEvent = {
  readonly seconds: number;
  readonly nanos: number;
  /** Index of the reporting node. */
  readonly node: number;
  readonly response: WireResponse;
};

/** A connection attempt, decided. */
export type Conversation = {
  readonly edge: Edge;
  readonly client: Party;
  readonly server: Party;
  readonly clientPort: number;
  readonly egress: Decision | undefined;
  readonly ingress: Decision | undefined;
};

type Sender = 'client' | 'server';

export type FlowBuilder = {
  /** Adds an event `offset` nanoseconds after the start of the conversation. `sender` sent the packet. */
  add(
    offset: number,
    node: DemoNode,
    sender: Sender,
    details: EventDetails,
    flags?: WireFlags,
  ): void;
  /** Adds an event about a frame that is no IP packet, so the agent can name neither end. */
  addFrame(offset: number, node: DemoNode, details: EventDetails): void;
};

/** What the parts that tell a conversation share. */
export type TalkContext = {
  readonly conversation: Conversation;
  readonly builder: FlowBuilder;
  readonly random: Random;
};

const EMITTER = { name: 'Hubble', version: '1.19.4' };
const NANOS = 1_000_000_000;

export const SYN: WireFlags = { SYN: true };
export const SYN_ACK: WireFlags = { SYN: true, ACK: true };
export const FIN_ACK: WireFlags = { FIN: true, ACK: true };
export const PSH_ACK: WireFlags = { PSH: true, ACK: true };

const SUMMARY_ORDER = ['SYN', 'ACK', 'RST', 'FIN', 'PSH'] as const;
const flagText = (flags: WireFlags): string =>
  SUMMARY_ORDER.filter((flag) => flags[flag] === true).join(', ');

function layer4(
  protocol: Edge['protocol'],
  ports: readonly [number, number],
  request: boolean,
  flags: WireFlags | undefined,
): WireLayer4 {
  const [source_port, destination_port] = ports;
  if (protocol === 'udp') return { UDP: { source_port, destination_port } };
  if (protocol === 'icmp') return { ICMPv4: request ? { type: 8 } : {} };
  return { TCP: { source_port, destination_port, ...(flags === undefined ? {} : { flags }) } };
}

function summary(
  protocol: Edge['protocol'],
  request: boolean,
  flags: WireFlags | undefined,
): string {
  if (protocol === 'udp') return 'UDP';
  if (protocol === 'icmp') return request ? 'ICMPv4 EchoRequest' : 'ICMPv4 EchoReply';
  return flags === undefined ? '' : `TCP Flags: ${flagText(flags)}`;
}

type FlowRest = Partial<WireFlow> &
  Pick<WireFlow, 'source' | 'destination' | 'Summary' | 'verdict' | 'event_type'>;

/** Writes the events of one conversation that begins `startNanos` into the second `second`. */
export function createFlowBuilder(
  conversation: Conversation,
  start: { readonly second: number; readonly nanos: number },
  random: Random,
  events: DemoEvent[],
): FlowBuilder {
  const { edge, client, server, clientPort } = conversation;
  const push = (offset: number, node: DemoNode, from: Party, to: Party, rest: FlowRest): void => {
    const total = start.nanos + Math.floor(offset);
    const time = { seconds: start.second + Math.floor(total / NANOS), nanos: total % NANOS };
    const flow: WireFlow = {
      time,
      uuid: randomUuid(random),
      emitter: EMITTER,
      ...(rest.l7 === undefined ? { ethernet: { source: from.mac, destination: to.mac } } : {}),
      Type: FLOW_TYPE.l3l4,
      node_name: node.qualifiedName,
      node_labels: node.labels,
      ...rest,
    };
    events.push({
      ...time,
      node: node.index,
      response: { flow, node_name: node.qualifiedName, time },
    });
  };
  return {
    add(offset, node, sender, details, flags) {
      const request = sender === 'client';
      const [from, to] = request ? [client, server] : [server, client];
      const ports = request
        ? ([clientPort, edge.port] as const)
        : ([edge.port, clientPort] as const);
      push(offset, node, from, to, {
        IP: { source: from.ip, destination: to.ip, ipVersion: from.ip.includes(':') ? 2 : 1 },
        l4: layer4(edge.protocol, ports, request, flags),
        source: from.endpointAt(node),
        destination: to.endpointAt(node),
        ...(from.names.length > 0 ? { source_names: from.names } : {}),
        ...(to.names.length > 0 ? { destination_names: to.names } : {}),
        Summary: summary(edge.protocol, request, flags),
        ...details,
      });
    },
    addFrame(offset, node, details) {
      push(offset, node, client, server, { source: {}, destination: {}, Summary: '', ...details });
    },
  };
}
