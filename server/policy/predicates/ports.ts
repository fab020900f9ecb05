import type { ManifestPath } from '../../core/manifest.ts';
import type { Connection } from '../facts.ts';
import type { MissingFact, Predicate, Question } from '../form.ts';
import { anyOf, truthOf, type Truth } from '../truth.ts';
import { partyText, serverOf } from './parties.ts';
import { predicateOf } from './predicate.ts';

/** Protocols that have ports. */
export const PORT_PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;

export const hasPorts = (protocol: string): boolean =>
  PORT_PROTOCOLS.some((each) => each === protocol);

/** `6379/TCP`, `ICMP`. */
export function connectionText({ port, protocol }: Connection): string {
  const name = protocol === '' ? 'protocol not known' : protocol;
  if (port !== undefined) return `${port}/${name}`;
  return hasPorts(protocol) ? `port not known/${name}` : name;
}

export function protocolIs(protocol: string, path: ManifestPath): Predicate {
  const test = ({ connection }: Question): Truth =>
    connection.protocol === '' ? 'unknown' : truthOf(connection.protocol === protocol);
  return predicateOf({
    path,
    about: 'protocol',
    expected: protocol,
    test,
    actual: ({ connection }) => (connection.protocol === '' ? 'not known' : connection.protocol),
    missing: () => MISSING_PROTOCOL,
  });
}

// Not of the kind `protocol`, which is for what documents leave open.
export const MISSING_PROTOCOL: MissingFact = { kind: 'port', text: 'the protocol' };
const MISSING_PORT: MissingFact = { kind: 'port', text: 'the destination port' };

/** The port at the server is one of a range, both ends included. */
export function portBetween(first: number, last: number, path: ManifestPath): Predicate {
  const test = ({ connection: { port, protocol } }: Question): Truth => {
    if (port !== undefined) return truthOf(port >= first && port <= last);
    return protocol === '' || hasPorts(protocol) ? 'unknown' : 'no';
  };
  return predicateOf({
    path,
    about: 'port',
    expected: first === last ? String(first) : `${first}-${last}`,
    test,
    actual: ({ connection }) => connectionText(connection),
    missing: () => MISSING_PORT,
  });
}

/**
 * The port has a name at the pod that is connected to; one name can mean different numbers at different pods. Without
 * `protocol` it is that of the container port.
 */
export function namedPort(
  name: string,
  protocol: string | undefined,
  path: ManifestPath,
): Predicate {
  return predicateOf({
    path,
    about: 'port',
    expected: `port "${name}"`,
    test: (question) => namedPortHolds(question, name, protocol),
    actual: (question) =>
      `${connectionText(question.connection)}, ${numbersText(question, name, protocol)}`,
    missing: (question) => missingName(question, name),
  });
}

function namedPortHolds(question: Question, name: string, protocol: string | undefined): Truth {
  const server = serverOf(question);
  if (server.kind === 'unresolved') return 'unknown';
  if (server.kind !== 'pod') return 'no';
  if (server.ports === undefined) return 'unknown';
  const { port, protocol: used } = question.connection;
  const named = server.ports.filter(
    (each) => each.name === name && (protocol === undefined || each.protocol === protocol),
  );
  return anyOf(named, (each) => {
    if (used !== '' && used !== each.protocol) return 'no';
    if (port !== undefined && port !== each.port) return 'no';
    return used === '' || port === undefined ? 'unknown' : 'yes';
  });
}

function numbersText(question: Question, name: string, protocol: string | undefined): string {
  const server = serverOf(question);
  const where = partyText(server);
  if (server.kind !== 'pod') return `and ${where} is no pod`;
  if (server.ports === undefined) return `and the ports of ${where} are not known`;
  const numbers = server.ports
    .filter((each) => each.name === name && (protocol === undefined || each.protocol === protocol))
    .map((each) => `${each.port}/${each.protocol}`);
  return numbers.length === 0
    ? `and ${where} has no port of that name`
    : `and "${name}" of ${where} is ${numbers.join(', ')}`;
}

function missingName(question: Question, name: string): MissingFact {
  const server = serverOf(question);
  const isTable = server.kind !== 'pod' || server.ports === undefined;
  return isTable
    ? { kind: 'named-port', text: `the number of port "${name}" at ${partyText(server)}` }
    : MISSING_PORT;
}
