import { expect, test } from 'vitest';
import { createDataplaneFinder } from '../../server/operations/policies/cluster-dataplanes.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const told = (origin: string, format: 'calico-json' | 'hubble-json', cluster: string) => {
  const raw = { format, bytes: Buffer.from('{}') };
  return batchOf([aFlow({ origin, node: `${cluster}/node-1`, raw })], { origin });
};

test('a source that was silent for long is found bit by bit, and then not looked for again', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  await store.append(told('silent', 'calico-json', 'east'));
  for (let batch = 0; batch < 20; batch++) await store.append(told('loud', 'hubble-json', 'west'));
  let looks = 0;
  const dataplanes = createDataplaneFinder({
    origins: () => store.origins(),
    records: (query, request) => {
      looks += 1;
      // As if each look had no time: it ends after the first part.
      return store.records(query, { ...request, workMs: 0 });
    },
  });
  const first = await dataplanes.find();
  expect(first.of('east')).toBeUndefined();
  expect(first.sourcesOf('calico')).toEqual([]);
  let found = first;
  for (let question = 0; question < 60 && found.of('east') === undefined; question++)
    found = await dataplanes.find();
  expect(found.of('east')).toBe('calico');
  expect(found.of('west')).toBe('cilium');
  expect(found.sourcesOf('calico')).toEqual(['silent']);
  const before = looks;
  await dataplanes.find();
  expect(looks).toBe(before);
});
