/** A process that is a relay: it sends the same pre-encoded flows to every follower, as fast as they are read. */
import { once } from 'node:events';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { demoFlows } from '../../server/demo/generate.ts';
import { OBSERVER_SERVICE, serverStatusResponse } from '../../server/sources/hubble-proto.ts';

const count = Number(process.argv[2] ?? 10_000);
const messages = [
  ...demoFlows({ seed: 1, count, startAt: Date.now() - 60_000, perSecond: count / 60 }),
].map(({ bytes }) => bytes);

async function sendAll(call: ServerWritableStream<Buffer, Buffer>): Promise<void> {
  for (const message of messages) {
    if (call.cancelled) return;
    if (!call.write(message)) await once(call, 'drain');
  }
}

type Reply = (error: null, value: Buffer) => void;

const server = new Server();
server.addService(OBSERVER_SERVICE, {
  GetFlows: (call: ServerWritableStream<Buffer, Buffer>) => {
    sendAll(call).catch((error: unknown) => call.destroy(error as Error));
  },
  ServerStatus: (_call: unknown, reply: Reply) => reply(null, serverStatusResponse.encode({})),
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.(`127.0.0.1:${port}`);
});
process.on('disconnect', () => server.forceShutdown());
