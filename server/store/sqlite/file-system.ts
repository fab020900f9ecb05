import { statfsSync } from 'node:fs';

/**
 * File systems whose files other machines may change, or that pass memory maps and locks on only in part, by the
 * number that statfs(2) gives them. A write-ahead log needs memory that all its processes share
 * (https://www.sqlite.org/wal.html, section 1), so on these it can lose data without a word.
 */
const NETWORK: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x65735546: 'FUSE',
  0x00c36400: 'Ceph',
  0x01021997: '9P',
  0x5346414f: 'AFS',
  0x73757245: 'Coda',
  0x0bd00bd0: 'Lustre',
  0x01161970: 'GFS2',
  0x7461636f: 'OCFS2',
  0x47504653: 'GPFS',
  0x19830326: 'BeeGFS',
  0x786f4256: 'VirtualBox shared folders',
};

/** Name of the network file system, from the type that statfs gives; `undefined` for a local one. */
export const networkFileSystem = (type: number): string | undefined => NETWORK[type >>> 0];

/** Why a store cannot lie in a directory; `undefined` when it can. */
export function placeObjection(
  directory: string,
  typeOf: (directory: string) => number = (path) => statfsSync(path).type,
): string | undefined {
  const name = networkFileSystem(typeOf(directory));
  if (name === undefined) return undefined;
  return (
    `${directory} lies on a network file system (${name}). SQLite's write-ahead log needs memory that all ` +
    'processes share, which such file systems do not give, and would lose flows without a word. Name a data ' +
    'directory on a local disk.'
  );
}
