import Database from 'better-sqlite3';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nanos } from '../../server/core/time.ts';
import { createLogger } from '../../server/lib/log.ts';
import { backUp } from '../../server/operations/backup.ts';
import { restore } from '../../server/operations/restore.ts';
import { systemClock } from '../../server/lib/clock.ts';
import type { ControlStore, SavedView } from '../../server/store/control/control-store.ts';
import { CONTROL_FILE, openControl } from '../../server/store/control/open-control.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { appendAll, someFlows } from '../support/flow-stores.ts';
import { networkPolicy, seen } from '../support/objects.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const log = createLogger('silent');
const open = (directory: string): ControlStore => openControl({ directory, log });
const silent = { clock: systemClock(), progress: () => undefined };

const AT = nanos(1_770_000_000_123_456_789n);
const mark = (key: string, until?: bigint) => ({
  key,
  acknowledgedAt: AT,
  until: until === undefined ? undefined : nanos(until),
  note: "it's known; DROP TABLE drop_marks --",
  who: '',
});
const view = (id: string, differences: Partial<SavedView> = {}): SavedView => ({
  ...{ id, name: `View ${id}`, query: 'verdict:dropped', t: 'now-1h..now', cols: 'time,to.ns' },
  ...{ sort: '-count', shared: true, createdAt: AT, updatedAt: AT },
  ...differences,
});

describe('marks and views', () => {
  test('are there again when the file is opened again', async () => {
    await using directory = await temporaryDirectory();
    const kept = [mark('a'), mark('b', AT + 1n)];
    {
      using control = open(directory.path);
      expect(control.marks()).toEqual([]);
      for (const one of kept) control.saveMark(one);
      control.saveMark({ ...mark('c'), note: 'first' });
      control.saveMark({ ...mark('c'), note: 'second' });
      expect(control.removeMark('nothing')).toBe(false);
      control.saveView(view('one'));
    }
    using control = open(directory.path);
    expect(control.notice).toBeUndefined();
    expect(control.marks()).toEqual([...kept, { ...mark('c'), note: 'second' }]);
    expect(control.views()).toEqual([view('one')]);
    expect(control.removeMark('a')).toBe(true);
    expect(control.marks().map(({ key }) => key)).toEqual(['b', 'c']);
  });

  test('a mark that has ended is forgotten when the next one is made', async () => {
    await using directory = await temporaryDirectory();
    using control = open(directory.path);
    control.saveMark(mark('short', AT + 5n));
    control.saveMark({ ...mark('later'), acknowledgedAt: nanos(AT + 4n) });
    expect(control.marks()).toHaveLength(2);
    control.saveMark({ ...mark('latest'), acknowledgedAt: nanos(AT + 5n) });
    expect(control.marks().map(({ key }) => key)).toEqual(['later', 'latest']);
  });

  test('a view that is saved again keeps the time it was made; views come by name', async () => {
    await using directory = await temporaryDirectory();
    using control = open(directory.path);
    control.saveView(view('b', { name: 'Zebra' }));
    control.saveView(view('a', { name: 'Yak' }));
    const later = nanos(AT + 9n);
    const changed = view('b', { name: 'Ant', shared: false, createdAt: later, updatedAt: later });
    expect(control.saveView(changed)).toEqual({ ...changed, createdAt: AT });
    expect(control.views().map(({ name }) => name)).toEqual(['Ant', 'Yak']);
    expect(control.removeView('b')).toBe(true);
    expect(control.removeView('b')).toBe(false);
  });

  test('are bounded in number', async () => {
    await using directory = await temporaryDirectory();
    using control = open(directory.path);
    for (let i = 0; i < 500; i++) control.saveView(view(`v${i}`));
    expect(() => control.saveView(view('one-more'))).toThrow('there are 500 saved views');
    expect(control.saveView(view('v7', { name: 'Still changes' })).name).toBe('Still changes');
  });
});

describe('a control file that is', () => {
  test('damaged is put aside, a new one begun, and both are said', async () => {
    await using directory = await temporaryDirectory();
    open(directory.path)[Symbol.dispose]();
    const file = join(directory.path, CONTROL_FILE);
    const bytes = readFileSync(file);
    bytes.fill(0xff, 100, 3_000);
    writeFileSync(file, bytes);
    using control = open(directory.path);
    expect(control.notice).toMatch(/was damaged \(.+\) and is kept as .+\.damaged-/);
    expect(readdirSync(directory.path)).toContainEqual(expect.stringMatching(/damaged-\d/));
    control.saveMark(mark('a'));
    expect(control.marks()).toEqual([mark('a')]);
  });

  test('no database at all is put aside too', async () => {
    await using directory = await temporaryDirectory();
    writeFileSync(join(directory.path, CONTROL_FILE), 'no database, though longer than a header');
    using control = open(directory.path);
    expect(control.notice).toContain('was damaged');
    expect(control.marks()).toEqual([]);
  });

  test.each<[string, (file: string) => unknown, string]>([
    ['not to be opened', (file) => mkdirSync(file), 'Opening the marks and views'],
    ['newer than this version', withSchema(99), 'Install the newer version'],
  ])('%s stops nothing: every call says why', async (_words, make, why) => {
    await using directory = await temporaryDirectory();
    make(join(directory.path, CONTROL_FILE));
    using control = open(directory.path);
    expect(() => control.marks()).toThrow(why);
    expect(() => control.saveMark(mark('a'))).toThrow(why);
    expect(() => control.views()).toThrow(why);
  });
});

function withSchema(version: number): (file: string) => void {
  return (file) => {
    const db = new Database(file);
    db.pragma(`user_version = ${version}`);
    db.close();
  };
}

describe('a backup', () => {
  test('takes marks and views along, those not yet copied out of the log too', async () => {
    await using directory = await temporaryDirectory();
    const [data, other] = [join(directory.path, 'data'), join(directory.path, 'other')];
    const file = join(directory.path, 'backup.sqlite');
    await using store = await openSqliteStore({ directory: data });
    await appendAll(store, [someFlows(30)]);
    using control = open(data);
    control.saveMark(mark('a'));
    control.saveView(view('one'));
    await backUp({ ...silent, directory: data, target: file });
    control.saveMark(mark('afterwards'));
    expect(readdirSync(directory.path).toSorted()).toEqual(['backup.sqlite', 'data']);

    const restored = await restore({ ...silent, file, directory: other });
    expect(restored).toMatchObject({ control: true, flows: 30 });
    expect(readdirSync(other).toSorted()).toEqual([
      ...[CONTROL_FILE, 'dropwise.lock', 'dropwise.sqlite'],
    ]);
    using again = open(other);
    expect(again.notice).toBeUndefined();
    expect(again.marks()).toEqual([mark('a')]);
    expect(again.views()).toEqual([view('one')]);
    await using whole = await openSqliteStore({ directory: other });
    expect(whole.head()).toBe(30);
    // What is restored can be backed up again.
    await backUp({ ...silent, directory: other, target: join(directory.path, 'second.sqlite') });
  });

  test('takes a control file along that is larger than what is copied at once', async () => {
    await using directory = await temporaryDirectory();
    const [data, other] = [join(directory.path, 'data'), join(directory.path, 'other')];
    const file = join(directory.path, 'backup.sqlite');
    await using store = await openSqliteStore({ directory: data });
    await appendAll(store, [someFlows(1)]);
    using control = open(data);
    const objects = Array.from({ length: 20 }, (_, at) => {
      const { key, manifest } = seen(networkPolicy(`policy-${at}`));
      const text = randomBytes(500_000).toString('base64');
      return { key, hash: String(at), manifest: { ...manifest, text } };
    });
    const how = { kind: 'present', at: AT, how: 'watched' } as const;
    control.objects.record(
      'files',
      objects.map((object) => ({ ...how, object })),
    );
    await backUp({ ...silent, directory: data, target: file });
    expect(statSync(file).size).toBeGreaterThan(9_000_000);
    await restore({ ...silent, file, directory: other });
    using again = open(other);
    expect(again.notice).toBeUndefined();
    expect(again.objects.at(AT)).toEqual(control.objects.at(AT));
    expect(again.objects.at(AT)).toHaveLength(20);
  });

  test('of a store without marks restores without them; a control file that is there is not replaced', async () => {
    await using directory = await temporaryDirectory();
    const [data, other] = [join(directory.path, 'data'), join(directory.path, 'other')];
    const file = join(directory.path, 'backup.sqlite');
    await (await openSqliteStore({ directory: data }))[Symbol.asyncDispose]();
    await backUp({ ...silent, directory: data, target: file });
    mkdirSync(other);
    open(other)[Symbol.dispose]();
    await expect(restore({ ...silent, file, directory: other })).rejects.toMatchObject({
      code: 'file-exists',
    });
    const third = join(directory.path, 'third');
    expect(await restore({ ...silent, file, directory: third })).toMatchObject({ control: false });
  });

  test('fails where the control file is damaged, and leaves nothing behind', async () => {
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    await (await openSqliteStore({ directory: data }))[Symbol.asyncDispose]();
    writeFileSync(join(data, CONTROL_FILE), 'x'.repeat(5_000));
    await expect(
      backUp({ ...silent, directory: data, target: join(directory.path, 'backup.sqlite') }),
    ).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringContaining('control.sqlite') as string,
    });
    expect(readdirSync(directory.path)).toEqual(['data']);
  });
});
