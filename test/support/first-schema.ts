import Database from 'better-sqlite3';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Flow, RecordedFlow } from '../../server/core/flow.ts';
import { prepareBlock } from '../../server/store/sqlite/block-writer.ts';
import { aFlow } from './flow.ts';
import { someFlows } from './flow-stores.ts';

/** A store as the first version wrote it: full blocks, then small ones; the first block is past retention. */
export async function writeFirstSchema(directory: string): Promise<readonly RecordedFlow[]> {
  const db = new Database(join(directory, 'dropwise.sqlite'));
  db.pragma('auto_vacuum = INCREMENTAL');
  db.pragma('journal_mode = WAL');
  const sql = new URL('../../migrations/sqlite/0001-flows.sql', import.meta.url);
  db.exec(readFileSync(sql, 'utf8'));
  db.pragma('user_version = 1');
  const insertBlock = db.prepare('INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const insertRaw = db.prepare('INSERT INTO raw_chunks VALUES (?, ?, ?, ?)');
  const stored: RecordedFlow[] = [];
  const add = async (flows: readonly Flow[]) => {
    const firstSeq = (stored.at(-1)?.seq ?? 20) + 1;
    const { header, columns, raw } = await prepareBlock(flows, firstSeq);
    const { minObserved, maxObserved, maxReceived, verdicts } = header;
    insertBlock.run(
      ...[header.firstSeq, header.lastSeq, 0, minObserved, maxObserved, maxReceived],
      ...[verdicts.allowed, verdicts.dropped, verdicts.audit, verdicts.error, verdicts.unknown],
      columns,
    );
    for (const chunk of raw) insertRaw.run(chunk.firstSeq, chunk.lastSeq, chunk.size, chunk.frame);
    stored.push(...flows.map((flow, row) => ({ ...flow, seq: firstSeq + row })));
  };
  for (let block = 0; block < 12; block++) await add(someFlows(20));
  await add([...someFlows(4), aFlow({ verdict: { kind: 'audit' } })]);
  await add(someFlows(3));
  db.prepare('UPDATE store SET head = ?').run(stored.at(-1)?.seq);
  db.exec(`INSERT INTO gaps (kind, origin, node, from_time, to_time, count, reason)
           VALUES ('lost', 'test', '', 1, 2, '9', 'RING')`);
  db.close();
  return stored;
}
