import {
  experimental,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import {
  getFlowsRequest,
  getNodesResponse,
  OBSERVER_SERVICE,
  serverStatusResponse,
  type GetFlowsRequest,
  type GetNodesResponse,
} from '../../server/sources/hubble-proto.ts';
import { pem, type TestCertificate } from './tls.ts';

/** One GetFlows stream as the test drives it. */
export type ObserverStream = {
  readonly request: GetFlowsRequest;
  /** Messages wait in memory while the client does not read. */
  readonly send: (message: Buffer) => void;
  readonly end: () => void;
  readonly fail: (code: status, details: string) => void;
  readonly cancelled: () => boolean;
};

export type ObserverServer = AsyncDisposable & {
  readonly address: string;
  readonly port: number;
  /** Streams in the order in which they were opened. */
  readonly streams: readonly ObserverStream[];
  readonly statusCalls: () => number;
};

export type ObserverScript = {
  readonly onStream?: (stream: ObserverStream) => void;
  readonly nodes?: () => GetNodesResponse;
  /** False: calls with one answer are never answered. */
  readonly answers?: () => boolean;
  readonly port?: number;
  /** `unix:` and a path, instead of a port. */
  readonly socket?: string;
  readonly tls?: ObserverTls;
};

export type ObserverTls = {
  readonly server: TestCertificate;
  readonly clientCa?: string;
  /** How often the files are read again, as agents and relays do; absent: never. */
  readonly rereadMs?: number;
};

type Unary = ServerUnaryCall<Buffer, Buffer>;

/** A relay on loopback that says what the test tells it to; bytes in, bytes out. */
export async function startObserver(script: ObserverScript = {}): Promise<ObserverServer> {
  const server = new Server();
  const streams: ObserverStream[] = [];
  let statusCalls = 0;
  const answers = (): boolean => script.answers?.() ?? true;
  server.addService(OBSERVER_SERVICE, {
    GetFlows: (call: ServerWritableStream<Buffer, Buffer>) => {
      const stream = streamOf(call);
      streams.push(stream);
      script.onStream?.(stream);
    },
    GetNodes: (_call: Unary, reply: sendUnaryData<Buffer>) => {
      if (!answers()) return;
      if (script.nodes === undefined) reply({ code: status.UNIMPLEMENTED, details: 'no nodes' });
      else reply(null, getNodesResponse.encode(script.nodes()));
    },
    GetNamespaces: (_call: Unary, reply: sendUnaryData<Buffer>) =>
      reply({ code: status.UNIMPLEMENTED, details: 'no namespaces' }),
    ServerStatus: (_call: Unary, reply: sendUnaryData<Buffer>) => {
      statusCalls += 1;
      if (answers()) reply(null, serverStatusResponse.encode({ version: 'test 1.19.4' }));
    },
  });
  const port = await bind(server, script);
  return {
    address: script.socket ?? `127.0.0.1:${port}`,
    port,
    streams,
    statusCalls: () => statusCalls,
    [Symbol.asyncDispose]: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

function streamOf(call: ServerWritableStream<Buffer, Buffer>): ObserverStream {
  return {
    request: getFlowsRequest.decode(call.request),
    send: (message) => void call.write(message),
    end: () => call.end(),
    fail: (code, details) => call.emit('error', { code, details }),
    cancelled: () => call.cancelled,
  };
}

function credentialsOf(tls: ObserverTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { server, clientCa, rereadMs } = tls;
  if (rereadMs !== undefined) {
    const files = new experimental.FileWatcherCertificateProvider({
      certificateFile: server.cert,
      privateKeyFile: server.key,
      caCertificateFile: clientCa,
      refreshIntervalMs: rereadMs,
    });
    const clients = clientCa === undefined ? null : files;
    return experimental.createCertificateProviderServerCredentials(
      files,
      clients,
      clients !== null,
    );
  }
  return ServerCredentials.createSsl(
    clientCa === undefined ? null : pem(clientCa),
    [{ private_key: pem(server.key), cert_chain: pem(server.cert) }],
    clientCa !== undefined,
  );
}

function bind(server: Server, { port = 0, tls, socket }: ObserverScript): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(socket ?? `127.0.0.1:${port}`, credentialsOf(tls), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}
