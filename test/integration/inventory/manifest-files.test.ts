import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { InventoryStatus } from '../../../server/core/inventory.ts';
import { createBudget, Refused } from '../../../server/inventory/archive.ts';
import { manifestFiles } from '../../../server/inventory/manifest-files.ts';
import { readManifests, type ManifestReading } from '../../../server/inventory/read-manifests.ts';
import { systemClock } from '../../../server/lib/clock.ts';
import { createLogger } from '../../../server/lib/log.ts';
import { keepInventory, type KeptInventory } from '../../../server/operations/keep-inventory.ts';
import { openControl } from '../../../server/store/control/open-control.ts';
import { writeTar, zipOf } from '../../support/archives.ts';
import { eventually } from '../../support/eventually.ts';
import { networkPolicy } from '../../support/objects.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const clock = systemClock();
const SAMPLES = join(import.meta.dirname, '../../fixtures/samples/policies');

const policy = (name: string): string => JSON.stringify(networkPolicy(name));
const read = (path: string): Promise<ManifestReading> => readManifests({ path, cluster: '' });
const namesOf = ({ objects }: ManifestReading): readonly string[] =>
  objects.map(({ key }) => key.name).sort();

const GOOD = [
  { name: 'base/one.yaml', text: policy('one') },
  { name: './base/deep/two.yml', text: `# two\n---\n${policy('two')}\n---\n${policy('three')}` },
  { name: 'base/README.md', text: 'not a manifest' },
];

describe('manifests in files', () => {
  test('a directory is read with all below it, and what is wrong is told by file and line', async () => {
    await using directory = await temporaryDirectory();
    const at = (name: string): string => join(directory.path, name);
    mkdirSync(at('base/.hidden'), { recursive: true });
    writeFileSync(
      at('base/good.yaml'),
      `${policy('good')}\n---\nkind: Deployment\napiVersion: apps/v1\nmetadata: {name: d}\n`,
    );
    writeFileSync(at('base/.hidden/ignored.yaml'), policy('hidden'));
    writeFileSync(at('values.yaml'), 'replicas: 3\n');
    writeFileSync(
      at('base/torn.yaml'),
      `${policy('before')}\n---\na: [1\n---\n${policy('after')}\n`,
    );
    writeFileSync(
      at('base/unnamed.yaml'),
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  labels:\n    a: true\n  name: x\n',
    );
    writeFileSync(at('twice.yaml'), policy('good'));
    const reading = await read(directory.path);
    expect(namesOf(reading)).toEqual(['after', 'before', 'good']);
    expect(reading.ignored).toBe(2);
    expect(reading.invalid.map(({ where }) => where)).toEqual([
      expect.stringMatching(/^base\/torn\.yaml:[34]$/),
      'base/unnamed.yaml:5',
      'twice.yaml:1',
    ]);
    expect(reading.invalid[1]?.reason).toContain('metadata.labels.a is true');
    expect(reading.invalid[2]?.reason).toContain('base/good.yaml:1');
  });

  test('a mounted ConfigMap is read through its links, and no link leads out of the directory', async () => {
    await using directory = await temporaryDirectory();
    const at = (name: string): string => join(directory.path, name);
    mkdirSync(at('mount/..2026'), { recursive: true });
    writeFileSync(at('mount/..2026/p.yaml'), policy('mounted'));
    symlinkSync('..2026', at('mount/..data'));
    symlinkSync('..data/p.yaml', at('mount/p.yaml'));
    writeFileSync(at('secret.yaml'), policy('outside'));
    symlinkSync('../secret.yaml', at('mount/leak.yaml'));
    symlinkSync('..', at('mount/up'));
    const reading = await read(at('mount'));
    expect(namesOf(reading)).toEqual(['mounted']);
  });

  test.each(['a.tar', 'a.tar.gz', 'a.tgz'])('an archive is read: %s', async (name) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, name);
    await writeTar(path, GOOD);
    expect(namesOf(await read(path))).toEqual(['one', 'three', 'two']);
  });

  test('an archive is read: a.zip', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'a.zip');
    writeFileSync(path, zipOf(GOOD));
    expect(namesOf(await read(path))).toEqual(['one', 'three', 'two']);
  });

  test('every sample manifest is taken, or told with its line', async () => {
    const reading = await read(SAMPLES);
    expect(reading.invalid).toEqual([]);
    expect(reading.objects.length).toBeGreaterThan(50);
    const kinds = new Set(reading.objects.map(({ key }) => key.kind));
    for (const kind of ['Tier', 'StagedKubernetesNetworkPolicy', 'CiliumClusterwideNetworkPolicy'])
      expect(kinds).toContain(kind);
  });

  test('fault 29: an archive of some megabytes that expands to ten gigabytes is stopped at the cap', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'bomb.tar.gz');
    // One file of ten gigabytes: each member of a gzip adds ten megabytes of zeros.
    const header = Buffer.alloc(512);
    header.write('bomb.yaml\0');
    header.write('0000644\0', 100);
    header.write('120000000000 ', 124);
    header.write('0', 156);
    header.write('ustar\x0000', 257);
    header.write('        ', 148);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    const zeros = gzipSync(Buffer.alloc(10 * 1024 * 1024));
    writeFileSync(
      path,
      Buffer.concat([gzipSync(header), ...Array.from({ length: 1_000 }, () => zeros)]),
    );
    const cap = 64 * 1024 * 1024;
    const budget = createBudget(cap);
    let taken = 0;
    const counting = {
      ...budget,
      take: (bytes: number) => {
        taken += bytes;
        budget.take(bytes);
      },
    };
    await expect(readManifests({ path, cluster: '' }, counting)).rejects.toThrow(Refused);
    expect(taken).toBeLessThan(cap + 1024 * 1024);
  });

  test.each([
    ['points outside', { name: '../../x.yaml', text: policy('evil') }],
    ['points outside', { name: '/etc/x.yaml', text: policy('evil') }],
    ['link', { name: 'x.yaml', linkTo: '/etc/passwd' }],
  ])('fault 30: an archive with an entry that %s is rejected whole (%o)', async (_, evil) => {
    await using directory = await temporaryDirectory();
    const tarball = join(directory.path, 'a.tar');
    const zip = join(directory.path, 'a.zip');
    await writeTar(tarball, [...GOOD, evil, { name: 'last.yaml', text: policy('last') }]);
    writeFileSync(zip, zipOf([...GOOD, evil]));
    await expect(read(tarball)).rejects.toThrow(Refused);
    // The reader of zips refuses some of it before we see it.
    await expect(read(zip)).rejects.toThrow(
      /points outside|link|invalid relative path|absolute path/,
    );
  });

  test('fault 31: a bomb of aliases is told with its line, and hides nothing else', async () => {
    await using directory = await temporaryDirectory();
    const levels = Array.from({ length: 12 }, (_, level) => {
      const [own, below] = [String.fromCharCode(97 + level), String.fromCharCode(96 + level)];
      const items = Array.from({ length: 10 }, () => (level === 0 ? 'lol' : `*${below}`));
      return `${own}: &${own} [${items.join(', ')}]`;
    });
    writeFileSync(
      join(directory.path, 'bomb.yaml'),
      `${levels.join('\n')}\n---\n${policy('after')}`,
    );
    const reading = await read(directory.path);
    expect(namesOf(reading)).toEqual(['after']);
    expect(reading.invalid).toEqual([
      {
        where: expect.stringMatching(/^bomb\.yaml:\d+$/) as string,
        reason: expect.stringMatching(/alias/i) as string,
      },
    ]);
  });

  test('fault 32: tags that would run code and duplicate keys are rejected with their line', async () => {
    await using directory = await temporaryDirectory();
    writeFileSync(
      join(directory.path, 'a.yaml'),
      `x: !!js/function "function () { throw 1 }"\n---\nkind: NetworkPolicy\nkind: Pod\n---\n${policy('after')}`,
    );
    const reading = await read(directory.path);
    expect(namesOf(reading)).toEqual(['after']);
    expect(reading.invalid.map(({ where }) => where)).toEqual(['a.yaml:1', 'a.yaml:4']);
  });
});

describe('following files', () => {
  test('changes are read, and a path that cannot be read keeps what is known', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'policies');
    mkdirSync(path);
    writeFileSync(join(path, 'one.yaml'), policy('one'));
    await using world = await follow(path, directory.path);
    const { inventory } = world;
    const names = (): readonly string[] => inventory.current().objects.map(({ key }) => key.name);
    await eventually(() => expect(names()).toEqual(['one']));
    expect(world.status()).toMatchObject({ state: 'reading', kind: 'manifests', target: path });
    // Files say nothing of kinds that they do not have.
    expect(inventory.current().coverage.map(({ kind }) => kind)).toEqual([
      'NetworkPolicy.networking.k8s.io',
    ]);
    writeFileSync(join(path, 'two.yaml'), `${policy('two')}\n---\na: [`);
    await eventually(() => expect(names()).toEqual(['one', 'two']));
    expect(world.status().invalid).toHaveLength(1);
    rmSync(join(path, 'one.yaml'));
    await eventually(() => expect(names()).toEqual(['two']));

    renameSync(path, `${path}-away`);
    await eventually(() => expect(world.status().state).toBe('retrying'));
    expect(world.status().detail).toContain(path);
    expect(names()).toEqual(['two']);
    expect(inventory.current().coveredSince).toBeUndefined();
    renameSync(`${path}-away`, path);
    await eventually(() => expect(world.status()).toMatchObject({ state: 'reading', detail: '' }));
    const { key } = inventory.current().objects[0]!;
    expect(await inventory.versions(key)).toMatchObject([{ how: 'read', until: undefined }]);
  });

  test('an archive that is refused is told, and none of it is taken', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'a.tar');
    await writeTar(path, [...GOOD, { name: 'x.yaml', linkTo: '/etc/passwd' }]);
    await using world = await follow(path, directory.path);
    await eventually(() =>
      expect(world.status().detail).toMatch(/holds a link.*refused as a whole/),
    );
    expect(world.inventory.current().objects).toEqual([]);
    await writeTar(path, GOOD);
    await eventually(() => expect(world.inventory.current().objects).toHaveLength(3));
    expect(world.status()).toMatchObject({ state: 'reading', detail: '' });
  });
});

type Followed = AsyncDisposable & {
  readonly inventory: KeptInventory;
  status(): InventoryStatus;
};

async function follow(path: string, data: string): Promise<Followed> {
  await using parts = new AsyncDisposableStack();
  const log = createLogger('silent');
  const control = parts.use(openControl({ directory: data, log }));
  const inventory = parts.use(
    await keepInventory({
      sources: [
        manifestFiles({ name: 'files', path, cluster: '', clock, everyMs: 20, settleMs: 20 }),
      ],
      history: control.objects,
      keep: { versionsMs: 1e12, podsMs: 1e12 },
      clock,
      log,
      onfailure: (error) => {
        throw error;
      },
    }),
  );
  const running = parts.move();
  return {
    inventory,
    status() {
      const [status] = inventory.statuses();
      if (status === undefined) throw new Error('there is one source');
      return status;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
