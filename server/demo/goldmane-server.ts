import { readFile } from 'node:fs/promises';
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import type { Clock } from '../lib/clock.ts';
import { NANOS_PER_MILLI } from '../core/time.ts';
import {
  FLOWS_SERVICE,
  flowListResult,
  flowResult,
  flowStreamRequest,
  STATISTICS_SERVICE,
  statisticsRequest,
  statisticsResult,
} from '../sources/goldmane-proto.ts';
import type { JsonObject } from '../sources/json-value.ts';
import type { DemoCertificates } from './goldmane-certificates.ts';
import { BUCKET_SECONDS } from './goldmane-flows.ts';
import { packetStatistics } from './goldmane-statistics.ts';

export type GoldmaneServerOptions = {
  readonly flowsOf: (bucketStart: number) => readonly JsonObject[];
  readonly clock: Clock;
  readonly certificates: DemoCertificates;
};

export type DemoGoldmane = AsyncDisposable & {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
};

/** What Goldmane keeps, and how long a bucket waits for flows that come late before it is streamed. */
const KEPT_SECONDS = 3_600;
const LATE_SECONDS = 2 * BUCKET_SECONDS;
const LOOK_MS = 1_000;

type Call = ServerWritableStream<Buffer, Buffer>;

/** The services of a Goldmane on loopback, which asks its clients for certificates as the real one does. */
export async function openGoldmaneServer(options: GoldmaneServerOptions): Promise<DemoGoldmane> {
  const server = new Server();
  const followers = new Set<NodeJS.Timeout>();
  server.addService(FLOWS_SERVICE, {
    List: (_call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) =>
      reply(null, flowListResult.encode({})),
    Stream: (call: Call) => followers.add(follow(call, options)),
  });
  server.addService(STATISTICS_SERVICE, { List: (call: Call) => tellStatistics(call, options) });
  const port = await bind(server, options.certificates);
  return {
    address: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]() {
      for (const timer of followers) clearInterval(timer);
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

/** Tells what is kept since the time that was asked for, and then each bucket when it is old enough. */
function follow(call: Call, { flowsOf, clock }: GoldmaneServerOptions): NodeJS.Timeout {
  const now = (): number => Number(clock.now() / NANOS_PER_MILLI / 1_000n);
  const asked = Number(flowStreamRequest.decode(call.request).start_time_gte ?? 0);
  const since = asked > 0 ? asked : now() + asked;
  let next = bucketAfter(Math.max(since, now() - KEPT_SECONDS));
  let id = 0;
  const tell = (): void => {
    for (; next + LATE_SECONDS <= now(); next += BUCKET_SECONDS) {
      for (const flow of flowsOf(next)) {
        id += 1;
        call.write(flowResult.encode({ id: String(id), flow }));
      }
    }
  };
  tell();
  const timer = setInterval(tell, LOOK_MS);
  call.once('close', () => clearInterval(timer));
  call.once('cancelled', () => clearInterval(timer));
  return timer;
}

const bucketAfter = (seconds: number): number =>
  Math.ceil(seconds / BUCKET_SECONDS) * BUCKET_SECONDS;

function tellStatistics(call: Call, { flowsOf }: GoldmaneServerOptions): void {
  const { start_time_gte = '0', start_time_lt = '0' } = statisticsRequest.decode(call.request);
  const results = packetStatistics(flowsOf, {
    from: bucketAfter(Number(start_time_gte)),
    to: Number(start_time_lt),
  });
  for (const result of results) call.write(statisticsResult.encode(result));
  if (results.length > 0) call.end();
  else call.emit('error', { code: status.NOT_FOUND, details: 'no statistics of that time' });
}

async function bind(server: Server, { ca, server: pair }: DemoCertificates): Promise<number> {
  const [authority, cert_chain, private_key] = await Promise.all([
    readFile(ca),
    readFile(pair.cert),
    readFile(pair.key),
  ]);
  const credentials = ServerCredentials.createSsl(authority, [{ private_key, cert_chain }], true);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}
