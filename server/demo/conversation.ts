import type { DemoNode } from './cluster.ts';
import type { Decision } from './edge.ts';
import {
  authRequiredDetails,
  dropDetails,
  proxyPort,
  traceDetails,
  verdictDetails,
  type Side,
} from './event-details.ts';
import {
  createFlowBuilder,
  FIN_ACK,
  PSH_ACK,
  SYN,
  SYN_ACK,
  type Conversation,
  type DemoEvent,
  type TalkContext,
} from './flow-builder.ts';
import { tellDns, tellHttp } from './l7-talk.ts';
import type { Random } from './random.ts';
import { DROP, POINT, REASON, type WireFlags } from './wire-message.ts';

const MICRO = 1_000;
const MILLI = 1_000_000;
const SECOND = 1_000_000_000;

/** When Linux sends a SYN again that got no answer. */
const SYN_RETRIES = [0, 1, 3, 7].map((seconds) => seconds * SECOND);
/** How long after its start a conversation may still make events, in seconds. */
export const LONGEST_CONVERSATION_SECONDS = 9;

/** Where in the datapath the two drop paths stand, as `file.line` of the drop event. */
const DROP_LINE = { egress: 1361, ingress: 2412 };

const isDenied = (decision: Decision | undefined): boolean =>
  decision?.kind === 'default-deny' || decision?.kind === 'deny';

/** All events that agents tell about one conversation (reference: one connection makes many events). */
export function conversationEvents(
  conversation: Conversation,
  start: { readonly second: number; readonly nanos: number },
  random: Random,
): DemoEvent[] {
  const events: DemoEvent[] = [];
  const builder = createFlowBuilder(conversation, start, random, events);
  const context = { conversation, builder, random };
  if (conversation.edge.fault !== undefined) tellFault(context);
  else if (isDenied(conversation.egress)) tellDenied(context, 'egress');
  else if (isDenied(conversation.ingress)) tellDenied(context, 'ingress');
  else tellAllowed(context);
  return events;
}

/** Flags of a first packet; only TCP has any. */
const firstFlags = ({ edge }: Conversation): WireFlags | undefined =>
  edge.protocol === 'tcp' ? SYN : undefined;

/** The node that tells about a side; a peer outside the cluster has none, so the other side's tells. */
function observer({ client, server }: Conversation, side: Side): DemoNode {
  const node = side === 'egress' ? (client.node ?? server.node) : (server.node ?? client.node);
  if (node === undefined) throw new RangeError('a conversation needs one end in the cluster');
  return node;
}

/** How a packet leaves its node: through the tunnel to another node, or by the device to the outside. */
function exitPoint({ client, server }: Conversation): {
  readonly point: number;
  readonly name: string;
  readonly index: number;
} {
  return client.node === undefined || server.node === undefined
    ? { point: POINT.toNetwork, name: 'eth0', index: 2 }
    : { point: POINT.toOverlay, name: 'cilium_vxlan', index: 7 };
}

function tellFault({ conversation, builder, random }: TalkContext): void {
  const { fault } = conversation.edge;
  if (fault === undefined) return;
  const side = fault.at === 'source' ? 'egress' : 'ingress';
  const node = observer(conversation, side);
  const details = dropDetails(side, fault.reason, 300 + fault.reason);
  if (fault.reason === DROP.unsupportedL3) {
    builder.addFrame(0, node, details);
    return;
  }
  const service =
    fault.service === undefined
      ? {}
      : { destination_service: { name: fault.service, namespace: 'orders' } };
  const attempts = 1 + random.below(2);
  for (const wait of SYN_RETRIES.slice(0, attempts)) {
    builder.add(wait, node, 'client', { ...details, ...service }, firstFlags(conversation));
  }
}

function tellDenied(context: TalkContext, side: Side): void {
  const { conversation, builder, random } = context;
  const decision = conversation[side];
  if (decision === undefined) return;
  const flags = firstFlags(conversation);
  // Clients that give up early, and UDP and ICMP, do not go through all of TCP's retries.
  const attempts = conversation.edge.protocol === 'tcp' ? 1 + random.below(4) : 1 + random.below(2);
  let before = 0;
  if (side === 'ingress') before = tellDeparture(context);
  const node = observer(conversation, side);
  const reason = decision.kind === 'deny' ? DROP.policyDeny : DROP.policyDenied;
  for (const wait of SYN_RETRIES.slice(0, attempts)) {
    const at = wait + before;
    builder.add(at, node, 'client', verdictDetails(side, decision), flags);
    builder.add(
      at + (8 + random.below(6)) * MICRO,
      node,
      'client',
      dropDetails(side, reason, DROP_LINE[side]),
      flags,
    );
  }
}

/** The client's side of a first packet: its egress verdict and its way out. Answers with when it arrives. */
function tellDeparture({ conversation, builder, random }: TalkContext): number {
  const { client, server, egress } = conversation;
  if (client.node === undefined) return 0;
  const flags = firstFlags(conversation);
  if (egress !== undefined)
    builder.add(0, client.node, 'client', verdictDetails('egress', egress), flags);
  if (client.node === server.node) return 40 * MICRO;
  const exit = exitPoint(conversation);
  const port = { interface: { index: exit.index, name: exit.name } };
  builder.add(
    30 * MICRO,
    client.node,
    'client',
    traceDetails(exit.point, REASON.new, 'egress', port),
    flags,
  );
  return (180 + random.below(900)) * MICRO;
}

/** Mutual authentication is not there yet: the first packet is dropped, its repetition a second later passes. */
function tellAuthentication({ conversation, builder, random }: TalkContext, at: number): number {
  const { ingress, server } = conversation;
  if (ingress?.kind !== 'authenticate' || server.node === undefined || !random.chance(0.12))
    return at;
  const denied = authRequiredDetails('ingress', ingress.match);
  const dropped = dropDetails('ingress', DROP.authRequired, DROP_LINE.ingress);
  builder.add(at, server.node, 'client', denied, SYN);
  builder.add(at + 10 * MICRO, server.node, 'client', dropped, SYN);
  return at + SECOND;
}

function tellAllowed(context: TalkContext): void {
  const { conversation, builder, random } = context;
  const { server, egress, ingress, edge } = conversation;
  const flags = firstFlags(conversation);
  if (egress?.kind === 'allow' && egress.proxied && edge.dns !== undefined) {
    tellDns(context, edge.dns);
    return;
  }
  let at = tellAuthentication(context, tellDeparture(context));
  if (server.node !== undefined) {
    if (ingress !== undefined)
      builder.add(at, server.node, 'client', verdictDetails('ingress', ingress), flags);
    at += 15 * MICRO;
    if (edge.http !== undefined && ingress?.kind === 'allow' && ingress.proxied) {
      const proxied = traceDetails(POINT.toProxy, REASON.new, 'ingress', {
        proxy_port: proxyPort('ingress'),
      });
      builder.add(at, server.node, 'client', proxied, flags);
      tellHttp(context, edge.http, at + 200 * MICRO);
      return;
    }
    const port = server.interface === undefined ? {} : { interface: server.interface };
    // A 1.19 agent calls the direction EGRESS here, although this is the destination.
    builder.add(
      at,
      server.node,
      'client',
      traceDetails(POINT.toEndpoint, REASON.new, 'egress', port),
      flags,
    );
  }
  tellReplies(context, at + (60 + random.below(400)) * MICRO, random.chance(0.3));
}

/** The answer on its way back, and for some connections their end. */
function tellReplies(
  { conversation, builder, random }: TalkContext,
  at: number,
  ends: boolean,
): void {
  const { client, server, edge } = conversation;
  const stream = edge.protocol === 'tcp';
  if (server.node !== undefined && client.node !== server.node) {
    const exit = exitPoint(conversation);
    const port = { interface: { index: exit.index, name: exit.name } };
    builder.add(
      at,
      server.node,
      'server',
      traceDetails(exit.point, REASON.reply, 'ingress', port),
      stream ? SYN_ACK : undefined,
    );
  }
  if (client.node !== undefined) {
    const port = client.interface === undefined ? {} : { interface: client.interface };
    const arrives = at + (client.node === server.node ? 12 : 220) * MICRO;
    builder.add(
      arrives,
      client.node,
      'server',
      traceDetails(POINT.toEndpoint, REASON.reply, 'egress', port),
      stream ? SYN_ACK : undefined,
    );
  }
  const last = server.node ?? client.node;
  if (!stream || !ends || last === undefined) return;
  const toServer = server.node === undefined ? exitPoint(conversation).point : POINT.toEndpoint;
  const during = at + (2 + random.below(40)) * MILLI;
  builder.add(
    during,
    last,
    'client',
    traceDetails(toServer, REASON.established, 'egress'),
    PSH_ACK,
  );
  builder.add(
    during + (5 + random.below(400)) * MILLI,
    last,
    'client',
    traceDetails(toServer, REASON.established, 'egress'),
    FIN_ACK,
  );
}
