import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { AppError } from '../core/errors.ts';
import { gunzipped, TornGzip } from './transport/gunzip.ts';

/** A file that says more than this many bytes for each of its own is a trap, not a log (S8). */
const MOST_EXPANSION = 200;
/** Below this no ratio is suspicious. */
const EXPANSION_FROM = 64 * 1024 * 1024;

/** Told by the content: names lie. */
export async function isGzip(path: string): Promise<boolean> {
  await using handle = await open(path, 'r').catch((cause: unknown) => {
    throw new AppError('unreadable-file', `${path} cannot be opened: ${String(cause)}`, { cause });
  });
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
}

/** Content of the file in parts; `onRead` hears of bytes as they are taken from disk. Throws `TornGzip` as well. */
export async function* readParts(
  path: string,
  compressed: boolean,
  onRead: (length: number) => void = () => undefined,
): AsyncGenerator<Buffer> {
  const source = createReadStream(path, { highWaterMark: 1024 * 1024 });
  let taken = 0;
  source.on('data', (part) => {
    taken += part.length;
    onRead(part.length);
  });
  let given = 0;
  try {
    const content = compressed ? gunzipped(source) : (source as AsyncIterable<Buffer>);
    for await (const part of content) {
      given += part.length;
      if (given > EXPANSION_FROM && given > taken * MOST_EXPANSION) {
        throw new AppError('unreadable-file', `${path} expands more than ${MOST_EXPANSION} times`);
      }
      yield part;
    }
  } catch (cause) {
    if (cause instanceof AppError || cause instanceof TornGzip) throw cause;
    throw new AppError('unreadable-file', `${path} cannot be read to its end: ${String(cause)}`, {
      cause,
    });
  } finally {
    source.destroy();
  }
}
