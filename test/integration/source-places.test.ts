import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ObjectVersion } from '../../server/core/inventory.ts';
import { nanos } from '../../server/core/time.ts';
import { readManifests } from '../../server/inventory/read-manifests.ts';
import { createSourceFiles, placesIn } from '../../server/operations/why/source-places.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const POLICIES = `# Two of them.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec: { podSelector: {} }
--- # and another
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: redis, namespace: shop }
spec:
  podSelector: {}
  ingress:
    - from:
        - podSelector: { matchLabels: { app: cart } }
`;

const LIST = `apiVersion: v1
kind: List
items:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: listed, namespace: shop }
    spec:
      podSelector:
        matchLabels: { app: api }
`;

const JSON_POLICY = JSON.stringify({
  ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  ...{ metadata: { name: 'json', namespace: 'shop' }, spec: { podSelector: {} } },
});

const PEER = ['spec', 'ingress', 0, 'from', 0, 'podSelector', 'matchLabels', 'app'];

async function openFolder(cluster: string) {
  const directory = await temporaryDirectory();
  const { path } = directory;
  writeFileSync(join(path, 'policies.yaml'), POLICIES);
  writeFileSync(join(path, 'list.yaml'), LIST);
  writeFileSync(join(path, 'one.json'), JSON_POLICY);
  const { objects } = await readManifests({ path, cluster });
  const source = `manifests:${cluster === '' ? '' : `${cluster}=`}${path}`;
  const versions = objects.map((object): ObjectVersion => ({
    ...object,
    ...{ source, from: nanos(0n), until: undefined, how: 'read' },
  }));
  const files = createSourceFiles();
  return {
    path,
    async placeOf(name: string, at: readonly (string | number)[]) {
      const found = versions.find(({ key }) => key.name === name);
      if (found === undefined) throw new Error(`no ${name}`);
      return placesIn(versions, await files.of(versions))(found.manifest, at);
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

describe('where policies from files are written', () => {
  test.each(['', 'east'])(
    'a rule is told with its file and line, of cluster %j',
    async (cluster) => {
      await using folder = await openFolder(cluster);
      expect(await folder.placeOf('web', [])).toEqual({ file: 'policies.yaml', line: 2 });
      expect(await folder.placeOf('redis', ['spec', 'ingress', 0])).toEqual({
        ...{ file: 'policies.yaml', line: 13 },
      });
      expect(await folder.placeOf('redis', PEER)).toEqual({ file: 'policies.yaml', line: 14 });
      expect(await folder.placeOf('listed', ['spec', 'podSelector', 'matchLabels'])).toEqual({
        ...{ file: 'list.yaml', line: 9 },
      });
    },
  );

  test('JSON keeps no lines, and its file is told', async () => {
    await using folder = await openFolder('');
    expect(await folder.placeOf('json', ['spec'])).toEqual({ file: 'one.json' });
  });

  test('of a file that has changed since nothing is told', async () => {
    await using folder = await openFolder('');
    expect(await folder.placeOf('listed', [])).toBeDefined();
    writeFileSync(join(folder.path, 'list.yaml'), `# moved\n${LIST}`);
    expect(await folder.placeOf('listed', ['spec'])).toEqual({ file: 'list.yaml', line: 9 });
    writeFileSync(join(folder.path, 'list.yaml'), LIST.replace('app: api', 'app: web'));
    expect(await folder.placeOf('listed', [])).toBeUndefined();
    expect(await folder.placeOf('web', [])).toBeDefined();
  });
});
