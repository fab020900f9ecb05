/**
 * Messages of a relay received and decoded, a second of this process's time: ours, and what a client with grpc-js and
 * `@grpc/proto-loader` does, whose objects are not flows yet. `node test/bench/transport.bench.ts`
 */
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { nanos } from '../../server/core/time.ts';
import { createFastHubbleDecoder } from '../../server/sources/decode/hubble-bytes.ts';
import {
  getFlowsRequest,
  HUBBLE_ROOT,
  OBSERVER_SERVICE,
} from '../../server/sources/hubble-proto.ts';
import { openGrpc } from '../../server/sources/transport/grpc-stream.ts';
import type { BlastOptions } from '../support/blast-relay.ts';
import { controlMs, print, spread } from '../support/measure.ts';

const COUNT = 100_096;
const ROUNDS = 5;
const RELAY = new URL('../support/blast-relay.ts', import.meta.url);
const RECEIVED = nanos(1_800_000_000_000_000_000n);
const PATH = OBSERVER_SERVICE.GetFlows.path;
const REQUEST = getFlowsRequest.encode({ follow: true });

/** Calls `take` for each message until there were as many as are sent. */
type Receive = (address: string) => Promise<void>;

const ours: Receive = async (address) => {
  const decode = createFastHubbleDecoder({ origin: 'bench' });
  const connection = await openGrpc(address, undefined);
  await new Promise<void>((done, fail) => {
    let count = 0;
    connection.stream(PATH, REQUEST, (message) => {
      if (!decode(message, RECEIVED).ok) fail(new Error('a message was refused'));
      count += 1;
      if (count === COUNT) done();
    });
  });
  connection.close();
};

const response = HUBBLE_ROOT.lookupType('observer.GetFlowsResponse');
/** As the guide of proto-loader shows them. */
const USUAL = { longs: String, enums: String, defaults: true, oneofs: true };

const protoLoader: Receive = async (address) => {
  const client = new Client(address, credentials.createInsecure());
  const call = client.makeServerStreamRequest(
    PATH,
    (bytes: Buffer) => bytes,
    (message) => response.toObject(response.decode(message), USUAL),
    REQUEST,
    new Metadata(),
  );
  call.on('error', () => undefined);
  await new Promise<void>((done) => {
    let count = 0;
    call.on('data', () => {
      count += 1;
      if (count === COUNT) done();
    });
  });
  call.cancel();
  client.close();
};

const VARIANTS = { ours, protoLoader } as const;
type Name = keyof typeof VARIANTS;

async function perCpuSecond(name: Name): Promise<number> {
  const options: BlastOptions = { count: COUNT, perSecond: 0, endpoints: 2_000 };
  const relay = fork(RELAY, [JSON.stringify(options)]);
  const [{ address }] = (await once(relay, 'message')) as [{ address: string }];
  const before = process.cpuUsage();
  await VARIANTS[name](address);
  const { user, system } = process.cpuUsage(before);
  relay.disconnect();
  await once(relay, 'exit');
  return COUNT / ((user + system) / 1_000_000);
}

/** Each variant has a process of its own, so that none compiles or collects for another. */
function serveRounds(name: Name): void {
  process.on('message', () => {
    perCpuSecond(name).then(
      (rate) => process.send?.({ rate }),
      (error: unknown) => {
        throw error;
      },
    );
  });
}

async function compare(): Promise<void> {
  const names = Object.keys(VARIANTS) as Name[];
  const children = names.map((name) => fork(import.meta.filename, [name]));
  const rates: Record<Name, number[]> = { ours: [], protoLoader: [] };
  const control: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    control.push(controlMs());
    for (const [at, name] of names.entries()) {
      children[at]?.send('round');
      const [{ rate }] = (await once(children[at]!, 'message')) as [{ rate: number }];
      // The first round warms up.
      if (round > 0) rates[name].push(rate);
    }
  }
  for (const child of children) child.kill();
  const [mine, theirs] = [spread(rates.ours), spread(rates.protoLoader)];
  print({
    name: 'receive and decode, 2000 endpoints',
    unit: 'messages per CPU-second',
    rounds: ROUNDS,
    ...mine,
    protoLoader: theirs,
    ratio: Math.round((mine.median / theirs.median) * 100) / 100,
    controlMs: spread(control),
  });
}

const [name] = process.argv.slice(2);
if (name !== undefined && name in VARIANTS) serveRounds(name as Name);
else await compare();
