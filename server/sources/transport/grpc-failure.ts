import { status as GrpcStatus, type ServiceError } from '@grpc/grpc-js';
import { AppError } from '../../core/errors.ts';

/** Where a cluster keeps what a server of its kind needs, for a person who has to look there. */
export type GrpcPeer = {
  readonly product: string;
  readonly ownCertificate: string;
  readonly serverName: string;
  readonly ca: string;
};

const HUBBLE_RELAY: GrpcPeer = {
  product: 'Hubble Relay',
  ownCertificate: 'Cilium keeps it in the secret hubble-relay-server-certs',
  serverName: 'with Cilium usually instance.hubble-relay.cilium.io',
  ca: 'ca.crt of the cluster (secret cilium-ca)',
};

export const GOLDMANE: GrpcPeer = {
  product: 'Goldmane',
  ownCertificate: 'the operator keeps it in the secret goldmane-key-pair',
  serverName: 'usually goldmane.calico-system.svc',
  ca: 'tigera-ca-bundle.crt of the ConfigMap goldmane-ca-bundle',
};

/** Texts of Node and OpenSSL inside a failed call, and what a person can do about each. First match wins. */
const CAUSES: readonly (readonly [RegExp, string | ((peer: GrpcPeer) => string)])[] = [
  [
    /certificate has expired|CERT_HAS_EXPIRED/i,
    ({ ownCertificate }) => `its certificate has expired; renew it (${ownCertificate})`,
  ],
  [
    /not yet valid|CERT_NOT_YET_VALID/i,
    'its certificate is not valid yet; compare the clocks of both machines',
  ],
  [
    /ALTNAME_INVALID|does not match certificate|Hostname\/IP/i,
    ({ serverName }) => `its certificate is for another name; set the server name, ${serverName}`,
  ],
  [
    /self[- ]signed|unable to (verify|get)|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED/i,
    ({ ca }) => `its certificate is not signed by the CA that was given; use ${ca}`,
  ],
  [
    /certificate required|bad certificate|alert (number )?(42|46|48|116)|unknown ca|certificate expired/i,
    'it refused the client certificate, or wants one; give certificate and key signed by its client CA',
  ],
  [
    /wrong version number|packet length too long|EPROTO|record layer/i,
    'it does not speak TLS on this port, or not the version wanted; check the port, or leave TLS off',
  ],
  [
    /ECONNREFUSED/i,
    'nothing listens there; check address and port, and that the port-forward or service is up',
  ],
  [
    /connect ENOENT/i,
    'there is no such socket; on a node it is /var/run/cilium/hubble.sock, and has to be mounted',
  ],
  [
    /connect EACCES/i,
    'the socket may not be opened; it belongs to root and the group of the agent',
  ],
  [/ENOTFOUND|EAI_AGAIN|name resolution/i, 'its name cannot be resolved; check the address'],
  [/EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/i, 'it cannot be reached; check routes and firewalls'],
  [
    /ECONNRESET|socket hang up|connection dropped|protocol error|GOAWAY/i,
    'the connection was cut; it restarted, or it expects TLS (or none) on this port',
  ],
];

const byStatus = ({ product }: GrpcPeer): Readonly<Partial<Record<GrpcStatus, string>>> => ({
  [GrpcStatus.DEADLINE_EXCEEDED]: 'it accepts connections and does not answer',
  [GrpcStatus.UNAUTHENTICATED]: 'a proxy before it asks for credentials',
  [GrpcStatus.PERMISSION_DENIED]: 'a proxy before it denies access',
  [GrpcStatus.INVALID_ARGUMENT]: 'it refuses the request of this program',
  [GrpcStatus.RESOURCE_EXHAUSTED]: 'it has too many readers, or a message is too large',
  [GrpcStatus.UNIMPLEMENTED]: `it does not offer this call; is the address that of ${product}?`,
});

/** Statuses that say that asking the same again will not help. */
const REFUSALS: ReadonlySet<GrpcStatus | undefined> = new Set([GrpcStatus.INVALID_ARGUMENT]);

/**
 * Names a failed call for a person: what is wrong, what to do, and the text of the library. `note` is what is known
 * on our side and may be why.
 */
export function grpcFailure(
  error: unknown,
  address: string,
  { note = '', peer = HUBBLE_RELAY }: { readonly note?: string; readonly peer?: GrpcPeer } = {},
): AppError {
  const { code, details } = readServiceError(error);
  // The text of a deadline lists what the library waited for, which names no cause.
  const timedOut = code === GrpcStatus.DEADLINE_EXCEEDED;
  const known = timedOut ? undefined : CAUSES.find(([pattern]) => pattern.test(details))?.[1];
  const told = typeof known === 'function' ? known(peer) : known;
  const words = told ?? (code === undefined ? undefined : byStatus(peer)[code]);
  const name = code === undefined ? 'failure' : GrpcStatus[code];
  const reason = [words ?? 'the call failed', note].filter((text) => text !== '').join('; ');
  const refused = REFUSALS.has(code);
  return new AppError(
    refused ? 'source-refused' : 'source-failed',
    `${address}: ${reason} (${name}: ${details})`,
    { cause: error, fields: { grpcStatus: name } },
  );
}

/** Whether the server does not know the call, which old servers do not: a feature is absent, nothing is wrong. */
export const isUnimplemented = (error: unknown): boolean => hasStatus(error, 'UNIMPLEMENTED');

export const isNotFound = (error: unknown): boolean => hasStatus(error, 'NOT_FOUND');

const hasStatus = (error: unknown, name: string): boolean =>
  error instanceof AppError && error.fields['grpcStatus'] === name;

function readServiceError(error: unknown): { code: GrpcStatus | undefined; details: string } {
  if (!(error instanceof Error)) return { code: undefined, details: String(error) };
  const { code, details } = error as Partial<ServiceError>;
  return {
    code: typeof code === 'number' ? code : undefined,
    details: cleanDetails(details ?? error.message),
  };
}

/**
 * grpc-js wraps the failure of a connection in words that say nothing more: which try it was, the class `Error`,
 * and the resolver's note, empty or not given more often than not.
 */
function cleanDetails(details: string): string {
  return details
    .replace(/\.?\s*Resolution note:\s*(?:undefined|null)?\s*$/, '')
    .replace(/\. Last error:\s*null$/, '')
    .replace(/^No connection established\. Last error:\s*/, '')
    .replace(/^Error:\s*/, '');
}
