import type { Expression } from '../../query/ast.ts';
import type { StoredFlow } from '../../core/flow.ts';
import { all } from '../../query/build.ts';
import {
  agoText,
  ALLOWED,
  atPort,
  before,
  destinationOf,
  doubt,
  find,
  HOUR,
  isEnd,
  sourceOf,
  type DropCheck,
} from './look.ts';

/** Connections that are idle for longer are forgotten by every table. */
const REMEMBERED = 6n * HOUR;

/** A port that clients are given by their kernel; services listen below, but for a few. */
const CLIENT_PORTS = 32_768;

/** Goes from a service's port to a client's, as answers do. */
const looksLikeReply = ({ protocol, sourcePort, destinationPort, reply }: StoredFlow): boolean =>
  reply !== 'no' &&
  /^(?:tcp|udp|sctp)$/.test(protocol) &&
  sourcePort > 0 &&
  sourcePort < CLIENT_PORTS &&
  destinationPort > sourceAbove(sourcePort);

/** An answer from a high port, such as 30080, is told only by a port that is surely a client's. */
const sourceAbove = (port: number): number => Math.max(port, 1023);

/** Is the dropped packet an answer, of a connection that nobody tracks any more? */
export const staleConnection: DropCheck = async (drop, look) => {
  if (!looksLikeReply(drop)) return undefined;
  const asked = opposite(drop);
  if (asked === undefined) return undefined;
  const within = before(drop, REMEMBERED);
  const same = await find(look, all([ALLOWED, asked, atPort('from', drop.destinationPort)]), {
    ...{ within, limit: 1 },
  });
  const [own] = same.flows;
  if (own !== undefined)
    return {
      strength: 'shown',
      finding: `It is the answer of a connection that ${nameOf(drop)} opened: a packet of it went the other way ${agoText(drop, own)}. The connection table had lost it by then.`,
      evidence: [own.seq],
    };
  const others = await find(look, all([ALLOWED, asked]), { within, limit: 3 });
  const [other] = others.flows;
  if (other !== undefined)
    return {
      strength: 'likely',
      finding: `It goes from port ${drop.sourcePort} to a client's port, and ${nameOf(drop)} used that service ${agoText(drop, other)}: it looks like the answer of a connection that is no longer tracked.`,
      evidence: others.flows.map(({ seq }) => seq),
    };
  return {
    strength: 'not-seen',
    finding: `It goes from port ${drop.sourcePort} to a client's port, but no connection the other way is stored in the 6 h before.${doubt(others)}`,
    evidence: [],
  };
};

/** Flows from whom the packet was for, to the service that it came from. */
function opposite(drop: StoredFlow): Expression | undefined {
  const [client, server] = [isEnd('from', destinationOf(drop)), isEnd('to', sourceOf(drop))];
  if (client === undefined || server === undefined) return undefined;
  return all([client, server, atPort('to', drop.sourcePort)]);
}

const nameOf = ({ destination, destinationIp }: StoredFlow): string =>
  destination.pod || destination.workload || destinationIp;

/** Was this very connection let through before, so that something changed while it was open? */
export const openConnection: DropCheck = async (drop, look) => {
  const { sourcePort, destinationPort, protocol } = drop;
  const [from, to] = [isEnd('from', sourceOf(drop)), isEnd('to', destinationOf(drop))];
  if (from === undefined || to === undefined || sourcePort <= 0 || destinationPort <= 0)
    return undefined;
  const where = all([ALLOWED, from, to, atPort('from', sourcePort), atPort('to', destinationPort)]);
  const { flows, whole } = await find(look, where, { within: before(drop, HOUR), limit: 20 });
  // Of a packet that is denied on arrival, the sending side says that it left.
  const [last, ...rest] = flows.filter(
    (flow) =>
      flow.protocol === protocol &&
      (flow.reporter === 'destination' || drop.direction === flow.direction),
  );
  if (last === undefined)
    return {
      strength: 'not-seen',
      finding: `No packet of this connection was let through in the hour before.${doubt({ whole })}`,
      evidence: [],
    };
  return {
    strength: 'shown',
    finding: `The same connection (port ${sourcePort} to ${destinationPort}) was let through until ${agoText(drop, last)}: a policy, a label or an identity changed while it was open, or its entry was lost.`,
    evidence: [last, ...rest].slice(0, 3).map(({ seq }) => seq),
  };
};
