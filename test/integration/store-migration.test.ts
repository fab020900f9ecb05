import { expect, test } from 'vitest';
import type { RecordedFlow } from '../../server/core/flow.ts';
import type { Expression } from '../../server/query/ast.ts';
import type { FlowReader } from '../../server/store/flow-store.ts';
import { isDenied } from '../../server/store/sqlite/denied.ts';
import { openForReading } from '../../server/store/sqlite/database.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { verifyChain } from '../../server/store/sqlite/verify-chain.ts';
import { batchOf } from '../support/flow.ts';
import { allBefore, ALL_TIME, someFlows, withoutRaw } from '../support/flow-stores.ts';
import { writeFirstSchema } from '../support/first-schema.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SMALL = { blockRows: 20, fanIn: 3 };

const DROPPED: Expression = {
  kind: 'field',
  side: undefined,
  field: 'verdict',
  values: [{ kind: 'word', text: 'dropped', quoted: false }],
};

const pageOf = async (reader: FlowReader, where: Expression | undefined) =>
  (await reader.page({ where }, { limit: 1_000, order: 'oldest' })).flows;

test('a store of the first schema opens, answers at once, and grows', async () => {
  await using directory = await temporaryDirectory();
  const stored = [...(await writeFirstSchema(directory.path))];
  const dropsOf = (flows: readonly RecordedFlow[]) =>
    withoutRaw(flows.filter(({ verdict }) => verdict.kind === 'dropped'));
  await (await openSqliteStore({ directory: directory.path, ...SMALL }))[Symbol.asyncDispose]();
  await using reader = await openSqliteStore({
    ...{ directory: directory.path, ...SMALL },
    readOnly: true,
  });
  for (let round = 0; round < 12; round++) {
    await using store = await openSqliteStore({ directory: directory.path, ...SMALL });
    expect(await store.gaps(ALL_TIME)).toHaveLength(1);
    expect(await pageOf(reader, DROPPED)).toEqual(dropsOf(stored));
    expect(await pageOf(reader, undefined)).toEqual(withoutRaw(stored));
    const { flows, firstSeq } = await store.append(batchOf(someFlows(4)));
    stored.push(...flows.map((flow, row) => ({ ...flow, seq: firstSeq + row })));
    expect(await pageOf(reader, DROPPED)).toEqual(dropsOf(stored));
  }
  using opened = openForReading(directory.path);
  expect(opened.db.prepare('SELECT drops_after FROM store').pluck().get()).toBe(0);
  expect(opened.db.prepare('SELECT sum(rows) FROM drop_blocks').pluck().get()).toBe(
    stored.filter(isDenied).length,
  );
  const [all, drops] = await verifyChain(opened.db);
  expect(all).toMatchObject({ failure: undefined });
  expect(all?.rows).toBeGreaterThan(240);
  expect(drops).toMatchObject({ failure: undefined });
});

test('what retention removes from such a store was copied before, and it says since when it has everything', async () => {
  await using directory = await temporaryDirectory();
  const stored = await writeFirstSchema(directory.path);
  await using store = await openSqliteStore({ directory: directory.path, ...SMALL });
  expect((await store.retained()).flowsSince).toBe(stored[0]?.observedAt);
  const { dropsBefore } = allBefore(ALL_TIME.from);
  await store.prune({ flowsBefore: ALL_TIME.to, dropsBefore, countsBefore: dropsBefore });
  const page = await store.page({ where: undefined }, { limit: 1_000, order: 'oldest' });
  expect(page.flows).toEqual(withoutRaw(stored.filter(isDenied)));
  using opened = openForReading(directory.path);
  const [all] = await verifyChain(opened.db);
  expect(all).toMatchObject({ kept: 0, failure: undefined });
});
