import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { systemClock } from '../../../server/lib/clock.ts';
import { createLogger } from '../../../server/lib/log.ts';
import { createStoreGate, type StoreGate } from '../../../server/operations/store-pause.ts';
import { storeFailure } from '../../../server/store/sqlite/failures.ts';
import { eventually } from '../../support/eventually.ts';

const failure = (code: string): Error | undefined =>
  storeFailure('Storing flows', 'file', new Database.SqliteError('it failed', code));

type Opened = Disposable & {
  readonly gate: StoreGate;
  readonly world: { objection: string | undefined; broken: Error | undefined };
  readonly retries: () => number;
  readonly damages: unknown[];
};

function openGate(): Opened {
  const world: Opened['world'] = { objection: undefined, broken: undefined };
  let retries = 0;
  const damages: unknown[] = [];
  const gate = createStoreGate({
    check: () => (world.broken === undefined ? Promise.resolve() : Promise.reject(world.broken)),
    objection: () => world.objection,
    ondamage: (error) => void damages.push(error),
    onretry: () => void (retries += 1),
    clock: systemClock(),
    log: createLogger('silent'),
    retryMs: { firstMs: 5, maxMs: 10 },
  });
  return { gate, world, damages, retries: () => retries, [Symbol.dispose]: gate[Symbol.dispose] };
}

test.each(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_READONLY_DIRECTORY', 'SQLITE_IOERR_FSYNC'])(
  '%s pauses storing until a commit goes well (faults 65, 66)',
  async (code) => {
    using opened = openGate();
    const { gate, world, retries } = opened;
    expect(gate.isClosed()).toBe(false);
    world.broken = failure(code);
    expect(gate.close(world.broken)).toBe(true);
    expect(gate.isClosed()).toBe(true);
    expect(gate.pause()?.reason).toContain(code);
    const since = gate.pause()?.since;

    world.broken = undefined;
    await eventually(() => expect(retries()).toBe(1));
    // Tried again, but not well yet: the pause goes on as it began.
    expect(gate.isClosed()).toBe(false);
    expect(gate.pause()?.since).toBe(since);
    gate.close(failure(code));
    expect(gate.isClosed()).toBe(true);
    expect(gate.pause()?.since).toBe(since);
    await eventually(() => expect(retries()).toBe(2));
    gate.open();
    expect(gate.pause()).toBeUndefined();
  },
);

test('a lock of another program, and what is no failure of the store, are no reason to pause (fault 61)', () => {
  using opened = openGate();
  expect(opened.gate.close(failure('SQLITE_BUSY'))).toBe(false);
  expect(opened.gate.close(new Error('a bug'))).toBe(false);
  expect(opened.gate.pause()).toBeUndefined();
});

test('a damaged file pauses storing and is told to whoever can open it again (fault 62)', () => {
  using opened = openGate();
  expect(opened.gate.close(failure('SQLITE_CORRUPT_VTAB'))).toBe(true);
  expect(opened.damages).toHaveLength(1);
  expect(opened.gate.pause()?.reason).toMatch(/Start the server again.*begins a new one/);
});

test('too little free space pauses storing before anything fails, and ends by itself (fault 65)', async () => {
  using opened = openGate();
  const { gate, world, retries } = opened;
  world.objection = 'Only 3 MB are free';
  await eventually(() => expect(gate.pause()?.reason).toBe('Only 3 MB are free'));
  expect(retries()).toBe(0);
  world.objection = undefined;
  await eventually(() => expect(retries()).toBe(1));
});
