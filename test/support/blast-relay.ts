/**
 * A process that is a relay which costs next to nothing: it has every message framed beforehand, writes them in
 * large pieces over HTTP/2, and offers them at a given rate or as fast as flow control lets it.
 *
 * Arguments as JSON: `BlastOptions`. It sends `{address}` when it listens, `{port, sentAt}` for each new drop, and
 * `{sent}` for each stream that ended.
 */
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { serverStatusResponse } from '../../server/sources/hubble-proto.ts';
import { dropMessage } from './drop-message.ts';
import { podTraffic, TRAFFIC_SECOND } from './pod-traffic.ts';

export type BlastOptions = {
  /** Messages of one stream. */
  readonly count: number;
  /** Messages a second; 0: as fast as they are read. */
  readonly perSecond: number;
  readonly endpoints: number;
  /** A stream ends after this time, however few were sent. */
  readonly seconds?: number;
  /** Flows are of the second in which they are sent, as those of a live cluster are. */
  readonly fresh?: true;
  /** So many pods are replaced each second, with their names, addresses and, at times, nodes. */
  readonly newPodsPerSecond?: number;
  /** A drop with a destination and port that no drop had before, so often. */
  readonly newDropEveryMs?: number;
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca: string };
};

const options = JSON.parse(process.argv[2] ?? '{}') as BlastOptions;
const DISTINCT = 20_000;
const PIECE = 256;
const TICK_MS = 10;

/** gRPC's frame: not compressed, length, message. */
function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

function framesOf(seed: number, count: number, firstPod: number): readonly Buffer[] {
  const { endpoints } = options;
  return podTraffic({ endpoints, count, seed, dropEvery: 100, firstPod }).map(framed);
}

const frames = framesOf(7, DISTINCT, 0);
const pieces = Array.from({ length: Math.floor(frames.length / PIECE) }, (_, at) =>
  Buffer.concat(frames.slice(at * PIECE, (at + 1) * PIECE)),
);

/** Bytes of a protobuf Timestamp's seconds, five for any time of this age. */
function secondsField(epochSeconds: number): Buffer {
  const varint = [0, 1, 2, 3, 4].map(
    (place) => (Math.floor(epochSeconds / 128 ** place) % 128) + (place < 4 ? 128 : 0),
  );
  return Buffer.from([8, ...varint]);
}

function placesOf(field: Buffer, bytes: Buffer): readonly number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(field); at >= 0; at = bytes.indexOf(field, at + 1)) places.push(at);
  return places;
}

const timesIn = (piece: Buffer): readonly number[] =>
  options.fresh ? placesOf(secondsField(TRAFFIC_SECOND), piece) : [];

const times = pieces.map(timesIn);

/** Makes a piece anew, of the pods that are there `seconds` after the beginning. */
function churn(at: number, round: number, seconds: number): void {
  const firstPod = Math.floor((options.newPodsPerSecond ?? 0) * seconds);
  const piece = Buffer.concat(framesOf(8 + round, PIECE, firstPod));
  pieces[at] = piece;
  times[at] = timesIn(piece);
}

/** Drop reasons that no agent tells make destinations that no drop has. */
const FIRST_NEW_REASON = 1_000;
/** As `dropMessage` has it. */
const FIRST_PORT = 6_000;

function sendNewDrop(stream: ServerHttp2Stream, number: number): void {
  const reason = FIRST_NEW_REASON + number;
  stream.write(framed(dropMessage(reason)));
  process.send?.({ port: FIRST_PORT + reason, sentAt: Date.now() });
}

async function sendFlows(stream: ServerHttp2Stream): Promise<void> {
  const begun = performance.now();
  let sent = 0;
  let newDrops = 0;
  const isOver = (): boolean =>
    sent >= options.count || performance.now() - begun > (options.seconds ?? Infinity) * 1_000;
  for (let piece = 0; !isOver() && !stream.destroyed; piece += 1) {
    const due = options.perSecond === 0 ? 0 : (sent / options.perSecond) * 1_000;
    while (performance.now() - begun < due) await new Promise((go) => setTimeout(go, TICK_MS));
    const place = piece % pieces.length;
    if (options.newPodsPerSecond !== undefined) {
      churn(place, piece, (performance.now() - begun) / 1_000);
    }
    const bytes = pieces[place];
    if (bytes === undefined) return;
    const now = secondsField(Math.floor(Date.now() / 1_000) - 1);
    for (const at of times[place] ?? []) now.copy(bytes, at);
    if (performance.now() - begun > newDrops * (options.newDropEveryMs ?? Infinity)) {
      sendNewDrop(stream, newDrops);
      newDrops += 1;
    }
    sent += PIECE;
    if (!stream.write(bytes)) await once(stream, 'drain');
  }
  process.send?.({ sent, tookMs: performance.now() - begun });
}

function answer(stream: ServerHttp2Stream, path: string | undefined): void {
  if (path?.endsWith('/GetFlows') === true) {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    // The stream stays open, as one that is followed does.
    sendFlows(stream).catch((error: unknown) => stream.destroy(error as Error));
    return;
  }
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  const known = path?.endsWith('/ServerStatus') === true;
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': known ? '0' : '12' }));
  stream.end(known ? framed(serverStatusResponse.encode({})) : undefined);
}

const server: Http2Server =
  options.tls === undefined
    ? createServer()
    : createSecureServer({ ...options.tls, requestCert: true, minVersion: 'TLSv1.3' });
server.on('stream', (stream, headers) => {
  stream.on('error', () => undefined);
  answer(stream, headers[':path']);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send?.({ address: `127.0.0.1:${(server.address() as AddressInfo).port}` });
process.on('disconnect', () => process.exit(0));
