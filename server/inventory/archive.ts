import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import tar from 'tar-stream';
import yauzl from 'yauzl';

export type ManifestText = {
  /** Path within the directory or archive; the name of the file where it is one. */
  readonly name: string;
  readonly text: string;
};

/** Something that is read as a whole or not at all, and why it is not. The message is for a person. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** What reading may cost. It counts what comes out of an archive, not what its headers promise. */
export type Budget = {
  /** Throws `Refused` when too much was taken. */
  take(bytes: number): void;
  countFile(): void;
};

/** Many times what a cluster of five thousand pods prints. */
const MAX_BYTES = 256 * 1024 * 1024;
const MAX_FILES = 50_000;

export function createBudget(maxBytes: number = MAX_BYTES, maxFiles: number = MAX_FILES): Budget {
  let bytes = 0;
  let files = 0;
  return {
    take(more) {
      bytes += more;
      if (bytes > maxBytes)
        throw new Refused(`holds more than ${Math.floor(maxBytes / 1024 / 1024)} MiB`);
    },
    countFile() {
      files++;
      if (files > maxFiles) throw new Refused(`holds more than ${maxFiles} files`);
    },
  };
}

export const isArchive = (path: string): boolean => /\.(?:tar|tar\.gz|tgz|zip)$/i.test(path);

/** Hidden files are those of tools: git's own, and what macOS adds to each file. */
export const isManifestName = (path: string): boolean =>
  /\.(?:ya?ml|json)$/i.test(path) && !path.split('/').some((part) => part.startsWith('.'));

/** The manifests in an archive. Throws `Refused` for one that must not be trusted, also after some were given. */
export function archiveTexts(path: string, budget: Budget): AsyncGenerator<ManifestText> {
  return /\.zip$/i.test(path) ? zipTexts(path, budget) : tarTexts(path, budget);
}

async function* tarTexts(path: string, budget: Budget): AsyncGenerator<ManifestText> {
  const extract = tar.extract();
  const metered = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      budget.take(chunk.length);
      yield chunk;
    }
  };
  const input = createReadStream(path);
  const fed = /\.(?:tgz|gz)$/i.test(path)
    ? pipeline(input, createGunzip(), metered, extract)
    : pipeline(input, metered, extract);
  // It is awaited below; until then its failure must not count as unhandled.
  fed.catch(() => undefined);
  try {
    for await (const entry of extract) {
      const { name, type } = entry.header;
      budget.countFile();
      refuseOutside(name);
      if (type === 'symlink' || type === 'link')
        throw new Refused(`holds a link, '${name}' to '${entry.header.linkname}'`);
      if (type === 'file' && isManifestName(plain(name)))
        yield { name: plain(name), text: await textOf(entry) };
      else entry.resume();
    }
    await fed;
  } catch (error) {
    // The stream may end with a failure of its own that follows from the first one.
    await fed.catch((cause: unknown) => {
      if (cause instanceof Refused) throw cause;
    });
    throw error;
  } finally {
    input.destroy();
    extract.destroy();
  }
}

const FILE_TYPE = 0o170_000;
const SYMLINK = 0o120_000;

async function* zipTexts(path: string, budget: Budget): AsyncGenerator<ManifestText> {
  const zip = await yauzl.openPromise(path, {
    lazyEntries: true,
    autoClose: false,
    strictFileNames: true,
  });
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileName, externalFileAttributes } = entry;
      budget.countFile();
      refuseOutside(fileName);
      if (((externalFileAttributes >>> 16) & FILE_TYPE) === SYMLINK)
        throw new Refused(`holds a link, '${fileName}'`);
      if (!isManifestName(plain(fileName))) continue;
      if (entry.isEncrypted()) throw new Refused(`is encrypted ('${fileName}')`);
      const stream = await zip.openReadStreamPromise(entry);
      yield { name: plain(fileName), text: await textOf(stream, budget) };
    }
  } finally {
    zip.close();
  }
}

const plain = (name: string): string => name.replace(/^(?:\.\/)+/, '');

function refuseOutside(name: string): void {
  const parts = name.split(/[/\\]/);
  if (parts.includes('..') || /^(?:[/\\]|[a-z]:)/i.test(name) || name.includes('\0'))
    throw new Refused(`has an entry that points outside of it, '${name}'`);
}

/** Where the budget has not seen the bytes yet, it is asked before they are kept. */
async function textOf(stream: AsyncIterable<unknown>, budget?: Budget): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    budget?.take(bytes.length);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
