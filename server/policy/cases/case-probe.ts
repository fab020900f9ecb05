import type { ClusterFacts, Connection, Judged, Party } from '../facts.ts';
import { labelsOf } from '../labels.ts';
import { partyAt } from '../places.ts';
import type { CaseEnd, Probe } from './case-file.ts';
import { recordedPod } from './case-world.ts';

/** What a probe asks, as a record of its connection would; a text where it names what is not there. */
export function judgedOfProbe(probe: Probe, facts: ClusterFacts): Judged | string {
  const client = partyOf(probe.src, facts);
  const server = partyOf(probe.dst, facts);
  if (typeof client === 'string') return client;
  if (typeof server === 'string') return server;
  const family = familyOf(probe, client, server);
  const clientIp = addressOf(probe.src, client, family);
  const serverIp = addressOf(probe.dst, server, family);
  const connection: Connection = {
    client,
    server,
    clientIp,
    serverIp,
    protocol: protocolOf(probe, family),
    port: probe.port ?? undefined,
    sourcePort: probe.sourcePort ?? undefined,
    icmp: icmpOf(probe),
    ...layer7Of(probe),
  };
  return { connection, reply: replyOf(probe.reply) };
}

function protocolOf(probe: Probe, family: Family | undefined): string {
  const protocol = probe.protocol.toUpperCase();
  return protocol === 'ICMPV6' || (protocol === 'ICMP' && family === 6) ? 'ICMPv6' : protocol;
}

function replyOf(reply: Probe['reply']): Judged['reply'] {
  if (reply === null) return 'unknown';
  return reply === true ? 'yes' : 'no';
}

const icmpOf = ({ icmpType, icmpCode }: Probe): Connection['icmp'] =>
  icmpType === undefined || icmpType === null
    ? undefined
    : { type: icmpType, code: icmpCode ?? undefined };

function layer7Of({
  http,
  dns,
  kafka,
  sni,
}: Probe): Pick<Connection, 'http' | 'dns' | 'kafka' | 'sni'> {
  // A request that is given has the headers that are given; only one that is not given is not known.
  const headers = Object.entries(http?.headers ?? {});
  return {
    http: http && {
      method: http.method,
      path: http.path,
      host: http.host,
      headers: new Map(headers.map(([name, value]) => [name.toLowerCase(), value])),
    },
    dns: dns?.query,
    kafka: kafka && { apiKey: kafka.apiKey, topic: kafka.topic, clientId: kafka.clientID },
    sni,
  };
}

function partyOf(end: CaseEnd, facts: ClusterFacts): Party | string {
  if (typeof end === 'string') return facts.pods.get(end) ?? `no pod ${end} is in the cluster`;
  if ('pod' in end) return recordedPod(end.pod);
  if ('node' in end)
    return (
      facts.nodes.get(end.node) ?? { kind: 'node', name: end.node, labels: labelsOf({}), ips: [] }
    );
  return end.unresolved === true
    ? { kind: 'unresolved', ip: end.ip }
    : partyAt(facts, end.ip, end.dns);
}

type Family = 4 | 6;

const familyOfIp = (ip: string): Family => (ip.includes(':') ? 6 : 4);

/** The one that is asked for, or of the address that is given, or the first that both ends have. */
function familyOf({ ipFamily, src, dst }: Probe, client: Party, server: Party): Family | undefined {
  const given = [src, dst].find((end) => typeof end !== 'string' && 'ip' in end);
  if (ipFamily !== undefined) return ipFamily;
  if (typeof given === 'object' && 'ip' in given) return familyOfIp(given.ip);
  const families = ipsOf(client).map(familyOfIp);
  const others = ipsOf(server).map(familyOfIp);
  return families.find((family) => others.includes(family)) ?? families[0] ?? others[0];
}

const ipsOf = (party: Party): readonly string[] =>
  party.kind === 'pod' || party.kind === 'node' ? party.ips : [];

const addressOf = (end: CaseEnd, party: Party, family: Family | undefined): string | undefined =>
  typeof end === 'object' && 'ip' in end
    ? end.ip
    : ipsOf(party).find((ip) => familyOfIp(ip) === family);

/** `shop/cart → shop/redis 6379/TCP`, as the case has it. */
export const probeText = ({ src, dst, port, protocol }: Probe): string =>
  `${endText(src)} → ${endText(dst)} ${typeof port === 'number' ? `${port}/` : ''}${protocol}`;

function endText(end: CaseEnd): string {
  if (typeof end === 'string') return end;
  if ('pod' in end) return `${end.pod.namespace}/${end.pod.name}`;
  return 'node' in end ? `node ${end.node}` : end.ip;
}
