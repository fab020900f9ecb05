import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import {
  FLOWS_SERVICE,
  flowListResult,
  flowStreamRequest,
  STATISTICS_SERVICE,
  statisticsRequest,
  type StatisticsRequest,
} from '../../server/sources/goldmane-proto.ts';
import { pem, type TestCertificate } from './tls.ts';

/** One stream of flows as the test drives it. */
export type GoldmaneStream = {
  /** `start_time_gte` as it was asked for. */
  readonly since: string;
  readonly send: (message: Buffer) => void;
  readonly end: () => void;
  readonly cancelled: () => boolean;
};

export type GoldmaneServer = AsyncDisposable & {
  readonly address: string;
  readonly port: number;
  /** In the order in which they were opened. */
  readonly streams: readonly GoldmaneStream[];
};

export type GoldmaneScript = {
  readonly onStream?: (stream: GoldmaneStream) => void;
  /** Messages of the answer; `undefined` is NOT_FOUND. Absent: the server does not know the call. */
  readonly statistics?: (request: StatisticsRequest) => readonly Buffer[] | undefined;
  readonly port?: number;
  /** Absent: plain text, which no Goldmane speaks. */
  readonly tls?: { readonly server: TestCertificate; readonly clientCa: string };
};

/** A Goldmane on loopback that says what the test tells it to; bytes in, bytes out. */
export async function startGoldmane(script: GoldmaneScript = {}): Promise<GoldmaneServer> {
  const server = new Server();
  const streams: GoldmaneStream[] = [];
  server.addService(FLOWS_SERVICE, {
    List: (_call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) =>
      reply(null, flowListResult.encode({})),
    Stream: (call: ServerWritableStream<Buffer, Buffer>) => {
      const stream = {
        since: flowStreamRequest.decode(call.request).start_time_gte ?? '0',
        send: (message: Buffer) => void call.write(message),
        end: () => call.end(),
        cancelled: () => call.cancelled,
      };
      streams.push(stream);
      script.onStream?.(stream);
    },
  });
  server.addService(STATISTICS_SERVICE, {
    List: (call: ServerWritableStream<Buffer, Buffer>) => {
      const code = script.statistics === undefined ? status.UNIMPLEMENTED : status.NOT_FOUND;
      const answer = script.statistics?.(statisticsRequest.decode(call.request));
      if (answer === undefined) call.emit('error', { code, details: 'none' });
      else {
        for (const message of answer) call.write(message);
        call.end();
      }
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${script.port ?? 0}`, credentialsOf(script.tls), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    port,
    streams,
    [Symbol.asyncDispose]: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

const credentialsOf = (tls: GoldmaneScript['tls']): ServerCredentials =>
  tls === undefined
    ? ServerCredentials.createInsecure()
    : ServerCredentials.createSsl(
        pem(tls.clientCa),
        [{ private_key: pem(tls.server.key), cert_chain: pem(tls.server.cert) }],
        true,
      );
