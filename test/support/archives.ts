import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { crc32, createGzip } from 'node:zlib';
import tar from 'tar-stream';

export type ArchiveEntry = {
  readonly name: string;
  readonly text?: string;
  /** Makes it a symbolic link. */
  readonly linkTo?: string;
};

/** Writes a tar, compressed where its name says so. */
export async function writeTar(path: string, entries: readonly ArchiveEntry[]): Promise<void> {
  const pack = tar.pack();
  for (const { name, text = '', linkTo } of entries) {
    if (linkTo === undefined) pack.entry({ name }, text);
    else pack.entry({ name, type: 'symlink', linkname: linkTo });
  }
  pack.finalize();
  const out = createWriteStream(path);
  await (path.endsWith('.tar') ? pipeline(pack, out) : pipeline(pack, createGzip(), out));
}

const MADE_BY_UNIX = (3 << 8) | 20;

/** A zip whose entries are not compressed; names are written as they are, whatever they point to. */
export function zipOf(entries: readonly ArchiveEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, text = '', linkTo } of entries) {
    const bytes = Buffer.from(linkTo ?? text);
    const nameBytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, nameBytes, bytes]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((linkTo === undefined ? 0o100_644 : 0o120_777) << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    const made = Buffer.alloc(2);
    made.writeUInt16LE(MADE_BY_UNIX);
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002'), made, common, tail, nameBytes]));
    parts.push(local);
    offset += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, listed, Buffer.from('PK\u0005\u0006'), end]);
}
