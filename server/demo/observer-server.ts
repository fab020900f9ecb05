import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import type { Clock } from '../lib/clock.ts';
import {
  getNamespacesResponse,
  getNodesResponse,
  OBSERVER_SERVICE,
  serverStatusResponse,
} from '../sources/hubble-proto.ts';
import { pipelinedMessages } from '../lib/pipelined-call.ts';
import { flowsBetween } from './rate.ts';
import { streamFlows, type FlowCall, type FlowStreamOptions } from './flow-stream.ts';

export type ObserverTls = {
  readonly key: Buffer;
  readonly certificate: Buffer;
  /** When given, clients must show a certificate of this authority. */
  readonly clientAuthority?: Buffer;
};

export type ObserverOptions = FlowStreamOptions & {
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: ObserverTls;
};

export type ObserverServer = AsyncDisposable & {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
};

const VERSION = '1.19.4';
const NANOS = 1_000_000_000n;

type Unary = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => void;

const answer =
  (build: () => Buffer): Unary =>
  (_call, callback) =>
    callback(null, build());

/** Flows that a node has told since the simulated past began; expected, not counted, since nobody keeps them. */
function expectedFlows({ timeline, oldestSecond }: ObserverOptions, now: number): number {
  const flows = flowsBetween(timeline.options, oldestSecond(), now);
  return Math.floor(flows / timeline.cluster.nodes.length);
}

function nodesAnswer(options: ObserverOptions, clock: Clock): Buffer {
  const { timeline, ringCapacity, oldestSecond } = options;
  const now = Number(clock.now() / NANOS);
  const { unavailableNode } = timeline.stateAt(now);
  const seen = expectedFlows(options, now);
  return getNodesResponse.encode({
    nodes: timeline.cluster.nodes.map(({ qualifiedName, ip, index }) => {
      const base = { name: qualifiedName, address: `${ip}:4244`, tls: { enabled: false } };
      if (index === unavailableNode) return { ...base, state: 'NODE_UNAVAILABLE' };
      return {
        ...base,
        version: `v${VERSION}`,
        state: 'NODE_CONNECTED',
        uptime_ns: String(BigInt(now - oldestSecond()) * NANOS),
        num_flows: String(Math.min(seen, ringCapacity)),
        max_flows: String(ringCapacity),
        seen_flows: String(seen),
      };
    }),
  });
}

function statusAnswer(options: ObserverOptions, clock: Clock): Buffer {
  const { timeline, ringCapacity, oldestSecond } = options;
  const now = Number(clock.now() / NANOS);
  const { unavailableNode } = timeline.stateAt(now);
  const { nodes } = timeline.cluster;
  const seen = expectedFlows(options, now);
  const missing = unavailableNode === undefined ? undefined : nodes[unavailableNode];
  return serverStatusResponse.encode({
    num_flows: String(Math.min(seen, ringCapacity) * nodes.length),
    max_flows: String(ringCapacity * nodes.length),
    seen_flows: String(seen * nodes.length),
    uptime_ns: String(BigInt(now - oldestSecond()) * NANOS),
    num_connected_nodes: nodes.length - (missing === undefined ? 0 : 1),
    num_unavailable_nodes: missing === undefined ? 0 : 1,
    ...(missing === undefined ? {} : { unavailable_nodes: [missing.qualifiedName] }),
    version: `hubble-relay v${VERSION} (demo)`,
    flows_rate: timeline.options.flowsPerSecond,
  });
}

function namespacesAnswer({ timeline }: ObserverOptions): Buffer {
  const { cluster } = timeline;
  const names = new Set([...cluster.workloads.values()].map(({ namespace }) => namespace));
  return getNamespacesResponse.encode({
    namespaces: [...names].sort().map((namespace) => ({ cluster: cluster.name, namespace })),
  });
}

const bind = (server: Server, address: string, credentials: ServerCredentials): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });

function credentialsOf(tls: ObserverTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = [{ private_key: tls.key, cert_chain: tls.certificate }];
  return ServerCredentials.createSsl(
    tls.clientAuthority ?? null,
    pair,
    tls.clientAuthority !== undefined,
  );
}

/** The Observer service of a Hubble relay over the timeline, on the loopback interface. */
export async function openObserverServer(options: ObserverOptions): Promise<ObserverServer> {
  const { clock, port, tls } = options;
  const server = new Server({ interceptors: [pipelinedMessages] });
  const closing = new AbortController();
  const flows = (call: FlowCall): void => {
    const gone = new AbortController();
    call.once('cancelled', () => gone.abort());
    call.once('close', () => gone.abort());
    const headers = new Metadata();
    headers.set('hubble-relay-version', VERSION);
    call.sendMetadata(headers);
    const signal = AbortSignal.any([gone.signal, closing.signal]);
    streamFlows(call, options, signal).then(
      () => call.end(),
      (error: unknown) => {
        if (signal.aborted) call.end();
        else
          call.destroy(
            Object.assign(new Error(String(error), { cause: error }), { code: status.INTERNAL }),
          );
      },
    );
  };
  server.addService(OBSERVER_SERVICE, {
    GetFlows: flows,
    GetNodes: answer(() => nodesAnswer(options, clock)),
    GetNamespaces: answer(() => namespacesAnswer(options)),
    ServerStatus: answer(() => statusAnswer(options, clock)),
  });
  const bound = await bind(server, `127.0.0.1:${port}`, credentialsOf(tls));
  return {
    address: `127.0.0.1:${bound}`,
    [Symbol.asyncDispose]() {
      closing.abort();
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}
