import { expect, test } from 'vitest';
import type { Flow } from '../../server/core/flow.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { ALL_TIME } from '../support/flow-stores.ts';
import { aFlow } from '../support/flow.ts';
import {
  ALL_COMMITS,
  emptyBlocks,
  levelsIn,
  openFile,
  settle,
  SMALL_ROLLUPS,
  whereOf,
  withRolledUp,
} from '../support/rolled-up.ts';

const ofReplicas = (count: number): readonly Flow[] =>
  Array.from({ length: count }, (_, at) => {
    const flow = aFlow();
    return { ...flow, source: { ...flow.source, pod: `web-${at}`, labels: [`replica=${at}`] } };
  });

const byWorkloads = { by: ['from.wl', 'to.ns'], within: ALL_TIME, buckets: 1, top: 10 };

test('pairs of workloads are told where pairs of pods are too many', async () => {
  await withRolledUp(ofReplicas(48), async ({ reader, directory }) => {
    const question = { ...byWorkloads, where: whereOf('from.ns:shop verdict:forwarded') };
    const before = await reader.summarize(question);
    expect(before.rows).toMatchObject([{ keys: ['web', 'shop'], records: 48 }]);
    emptyBlocks(directory);
    {
      using db = openFile(directory);
      db.exec('DELETE FROM rollup_cubes WHERE cube = 11');
    }
    await using fresh = await openSqliteStore({ directory, ...SMALL_ROLLUPS, readOnly: true });
    expect(await fresh.summarize(question)).toEqual(before);
    // Of the pods themselves nothing is left to be told.
    const pods = { ...question, by: ['from.pod', 'to.pod'] };
    await expect(fresh.summarize(pods)).rejects.toMatchObject({ code: 'store-damaged' });
    const onePod = { ...question, where: whereOf('from.pod:web-3') };
    await expect(fresh.summarize(onePod)).rejects.toMatchObject({ code: 'store-damaged' });
  });
});

test('a store that counted no pairs of workloads counts its blocks again', async () => {
  await withRolledUp(ofReplicas(48), async ({ reader, directory }) => {
    const before = await reader.summarize({ ...byWorkloads, where: undefined });
    const made = levelsIn(directory);
    {
      using db = openFile(directory);
      db.exec('DELETE FROM rollup_cubes WHERE cube = 12; PRAGMA user_version = 5');
    }
    {
      await using store = await openSqliteStore({ directory, ...SMALL_ROLLUPS });
      expect(levelsIn(directory)).toEqual([]);
      expect(await store.summarize({ ...byWorkloads, where: undefined })).toEqual(before);
      await settle(store, ALL_COMMITS);
    }
    expect(levelsIn(directory)).toEqual(made);
    emptyBlocks(directory);
    await using fresh = await openSqliteStore({ directory, ...SMALL_ROLLUPS, readOnly: true });
    expect(await fresh.summarize({ ...byWorkloads, where: undefined })).toEqual(before);
  });
});
