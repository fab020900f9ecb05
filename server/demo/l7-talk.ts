import type { HttpCall } from './edge.ts';
import { l7Details, proxyPort, traceDetails, verdictDetails } from './event-details.ts';
import { SYN, type TalkContext } from './flow-builder.ts';
import { OUTSIDE } from './outside.ts';
import type { Random } from './random.ts';
import { L7_TYPE, POINT, REASON, VERDICT } from './wire-message.ts';

const MICRO = 1_000;
const MILLI = 1_000_000;

function pickCall(calls: readonly HttpCall[], random: Random): HttpCall {
  let left = random.unit() * calls.reduce((sum, { share }) => sum + share, 0);
  const call = calls.find(({ share }) => (left -= share) < 0) ?? calls[0];
  if (call === undefined) throw new RangeError('an edge with HTTP needs calls');
  return call;
}

/** Request and response as the proxy at the server's node tells them, and the proxy's own leg to the pod. */
export function tellHttp(
  { conversation, builder, random }: TalkContext,
  calls: readonly HttpCall[],
  at: number,
): void {
  const { client, server, edge } = conversation;
  const node = server.node;
  if (node === undefined) return;
  const call = pickCall(calls, random);
  const path = call.path.replace('*', String(1000 + random.below(9000)));
  const [namespace, name] = edge.to.split('/');
  const url = `http://${name}.${namespace}:${edge.port}${path}`;
  const http = {
    method: call.method,
    url,
    protocol: 'HTTP/1.1',
    headers: [
      { key: 'User-Agent', value: 'shop-client/4.2' },
      { key: 'X-Request-Id', value: random.bits().toString(16).padStart(8, '0') },
    ],
  };
  const denied = call.status === 403;
  const asked = `HTTP/1.1 ${call.method} ${url}`;
  builder.add(
    at,
    node,
    'client',
    l7Details(
      'ingress',
      denied ? VERDICT.dropped : VERDICT.forwarded,
      { type: L7_TYPE.request, http },
      asked,
    ),
  );
  const latency = denied
    ? random.below(400) * MICRO
    : (1 + random.below(call.status >= 500 ? 900 : 45)) * MILLI;
  if (!denied) {
    const port = server.interface === undefined ? {} : { interface: server.interface };
    builder.add(
      at + 90 * MICRO,
      node,
      'client',
      traceDetails(POINT.toEndpoint, REASON.new, 'ingress', port),
      SYN,
    );
  }
  const answered = `HTTP/1.1 ${call.status} ${Math.floor(latency / MILLI)}ms (${call.method} ${url})`;
  // The proxy's own 403 is forwarded: only the request counts as dropped.
  const answer = {
    type: L7_TYPE.response,
    latency_ns: latency,
    http: { ...http, code: call.status },
  };
  builder.add(
    at + latency,
    node,
    'server',
    l7Details('ingress', VERDICT.forwarded, answer, answered),
  );
  if (client.node !== undefined && client.node !== node) {
    const port = client.interface === undefined ? {} : { interface: client.interface };
    const reply = traceDetails(POINT.toEndpoint, REASON.reply, 'egress', port);
    builder.add(at + latency + 300 * MICRO, client.node, 'server', reply, { ACK: true, PSH: true });
  }
}

const SERVICE_TTL = 30;
const NO_ANSWER_TTL = 4_294_967_295;
const NXDOMAIN = 3;

type DnsAnswer = { readonly ips: readonly string[]; readonly ttl: number; readonly rcode: number };

function answerOf(name: string, random: Random): DnsAnswer {
  const outsider = Object.values(OUTSIDE).find(({ domain }) => domain === name);
  if (outsider !== undefined)
    return { ips: outsider.addresses.slice(0, 1), ttl: 60 + random.below(240), rcode: 0 };
  let block = 0;
  for (const character of name) block = (block * 31 + character.charCodeAt(0)) % 60_000;
  return { ips: [`10.96.${block >> 8}.${block & 0xff}`], ttl: SERVICE_TTL, rcode: 0 };
}

/** A look-up through the DNS proxy of the client's node. */
export function tellDns(
  { conversation, builder, random }: TalkContext,
  names: readonly string[],
): void {
  const { client, egress, edge } = conversation;
  const node = client.node;
  if (node === undefined || egress === undefined) return;
  const name = random.pick(names);
  // Resolvers try the search domains of the pod first.
  const searched = name.endsWith('.cluster.local') ? random.chance(0.12) : random.chance(0.3);
  const [namespace] = edge.from.split('/');
  const asked = searched ? `${name}.${namespace}.svc.cluster.local` : name;
  const answer = searched
    ? { ips: [], ttl: NO_ANSWER_TTL, rcode: NXDOMAIN }
    : answerOf(name, random);
  const query = { query: `${asked}.`, observation_source: 'proxy', qtypes: ['A'] };
  builder.add(0, node, 'client', verdictDetails('egress', egress));
  builder.add(
    12 * MICRO,
    node,
    'client',
    traceDetails(POINT.toProxy, REASON.new, 'egress', { proxy_port: proxyPort('egress') }),
  );
  builder.add(
    160 * MICRO,
    node,
    'client',
    l7Details(
      'egress',
      VERDICT.forwarded,
      { type: L7_TYPE.request, dns: query },
      `DNS Query ${asked}. A`,
    ),
  );
  const latency = (300 + random.below(2500)) * MICRO;
  const { ips, ttl, rcode } = answer;
  const dns = { ...query, ttl, ...(rcode === 0 ? { ips, rrtypes: ['A'] } : { rcode }) };
  const text =
    rcode === 0
      ? `DNS Answer "${ips.join(',')}" TTL: ${ttl} (Proxy ${asked}. A)`
      : `DNS Answer RCode: Non-Existent Domain TTL: ${ttl} (Proxy ${asked}. A)`;
  builder.add(
    160 * MICRO + latency,
    node,
    'server',
    l7Details(
      'egress',
      VERDICT.forwarded,
      { type: L7_TYPE.response, latency_ns: latency, dns },
      text,
    ),
  );
}
