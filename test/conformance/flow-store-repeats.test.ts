import { describe, expect, test } from 'vitest';
import { nanos } from '../../server/core/time.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { engines } from '../support/flow-stores.ts';

describe.each(engines)('flows that $name may have', (engine) => {
  test('those observed before what may be told again are new, whatever their id (fault 68)', async () => {
    await using opened = await engine.open();
    const { store } = opened;
    const old = aFlow({ observedAt: nanos(1_000n) });
    const recent = aFlow();
    await store.append(batchOf([old, recent]));
    await store.loadCheckpoint('test');
    const again = batchOf([old, recent], {
      mayRepeat: true,
      repeatsFrom: nanos(recent.observedAt - 1n),
    });
    expect((await store.append(again)).flows.map(({ id }) => id)).toEqual([old.id]);
  });
});
