import type { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';

/** The compressed data ends before its end, or is damaged. All that could be read was handed out before. */
export class TornGzip extends Error {
  override readonly name = 'TornGzip';
}

/** What a decompressor last told, and whom to tell. */
type Signals = { failure: Error | undefined; wake: () => void };

/**
 * Decompresses a stream. Throws `TornGzip` after the last part of one that is cut short; zlib's own streams throw
 * away what they hold at that moment, so each part goes in only when all of the one before has come out.
 */
export async function* gunzipped(compressed: Readable): AsyncGenerator<Buffer> {
  const unzip = createGunzip({ chunkSize: 256 * 1024 });
  const signals: Signals = { failure: undefined, wake: () => undefined };
  unzip.on('readable', () => signals.wake());
  unzip.on('error', (error) => {
    signals.failure ??= error;
    signals.wake();
  });
  try {
    for await (const part of compressed as AsyncIterable<Buffer>) {
      yield* fed(unzip, signals, (done) => void unzip.write(part, done));
    }
    yield* fed(unzip, signals, (done) => {
      // What is missing shows after `finish`, and before `end`.
      if (unzip.readableEnded) done();
      else unzip.once('end', done).end();
    });
  } finally {
    unzip.destroy();
    compressed.destroy();
  }
}

/** What comes out until `feed` has called back. */
async function* fed(
  unzip: Gunzip,
  signals: Signals,
  feed: (done: (error?: Error | null) => void) => void,
): AsyncGenerator<Buffer> {
  const state = { over: false };
  feed((error) => {
    state.over = true;
    signals.failure ??= unzip.errored ?? error ?? undefined;
    signals.wake();
  });
  for (;;) {
    const part = unzip.read() as Buffer | null;
    if (part !== null) {
      yield part;
      continue;
    }
    if (signals.failure !== undefined) throw torn(signals.failure);
    if (state.over) return;
    await new Promise<void>((resolve) => (signals.wake = resolve));
  }
}

function torn(cause: Error): Error {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (!code.startsWith('Z_')) return cause;
  const words = code === 'Z_BUF_ERROR' ? 'gzip data ends early' : 'gzip data is damaged';
  return new TornGzip(words, { cause });
}
