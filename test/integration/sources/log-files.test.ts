import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRotated } from '../../../server/sources/transport/log-files.ts';
import { createFolders } from '../../../server/sources/transport/tail-folders.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Which of the names beside the live file count as its rotations. */
async function rotations(live: string, names: readonly string[]): Promise<readonly string[]> {
  await using folder = await temporaryDirectory();
  for (const name of [live, ...names]) await writeFile(join(folder.path, name), '');
  const found = await findRotated(join(folder.path, live), createFolders());
  return found.map(({ path }) => basename(path)).sort();
}

describe('rotations of a log', () => {
  test.each([
    'flows-2026-02-02T02-40-00.123.log',
    'flows-2026-02-02T02-40-00.123-size.log',
    'flows-2026-02-02T02-40-00.123.log.gz',
    'flows-2026-02-02.log',
    'flows-1.log',
    'flows.1.log',
    'flows.log.1',
    'flows.log.12.gz',
    'flows.log.gz',
    'flows.log-20260202',
    'flows.log-20260202-1770000000.gz',
  ])('%s is one (fault 43)', async (name) => {
    expect(await rotations('flows.log', [name])).toEqual([name]);
  });

  test.each([
    'flows-dmz.log',
    'flows-dmz.log.1',
    'flows-dmz-2026-02-02T02-40-00.123.log',
    'flows-2026.copy.log',
    'flows.log.bak',
    'flows.log.pos',
    'flows.log-old',
    'flows-1.json',
    'flows2.log',
    'flows',
    'otherflows-1.log',
  ])('%s is another file', async (name) => {
    expect(await rotations('flows.log', [name])).toEqual([]);
  });

  test('of a log without extension have a number or a time too', async () => {
    expect(await rotations('flows', ['flows.1', 'flows-2.gz', 'flows-dmz', 'flows.log'])).toEqual([
      'flows-2.gz',
      'flows.1',
    ]);
  });
});
