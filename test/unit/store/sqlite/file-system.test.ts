import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { networkFileSystem, placeObjection } from '../../../../server/store/sqlite/file-system.ts';

describe('a data directory on a network file system (fault 79)', () => {
  test.each([
    [0x6969, 'NFS'],
    [0xff534d42, 'CIFS'],
    // As a system tells it whose type is a signed number.
    [0xff534d42 | 0, 'CIFS'],
    [0xfe534d42, 'SMB2'],
    [0x65735546, 'FUSE'],
  ])('of type %i is refused as %s, with the reason', (type, name) => {
    expect(networkFileSystem(type)).toBe(name);
    expect(placeObjection('/data', () => type)).toMatch(
      new RegExp(
        `^/data lies on a network file system \\(${name}\\)\\..*write-ahead log.*local disk`,
      ),
    );
  });

  test.each([
    ['ext4', 0xef53],
    ['xfs', 0x58465342],
    ['btrfs', 0x9123683e],
    ['tmpfs', 0x01021994],
    ['overlay', 0x794c7630],
    ['zfs', 0x2fc12fc1],
    ['apfs', 0x1a],
  ])('on %s it is taken', (_name, type) => {
    expect(placeObjection('/data', () => type)).toBeUndefined();
  });

  test('the type of a real directory is asked for', () => {
    expect(placeObjection(tmpdir())).toBeUndefined();
  });
});
