import Database from 'better-sqlite3';
import { join } from 'node:path';
import { policyName } from '../../../server/core/policy-name.ts';
import type { Flow } from '../../../server/core/flow.ts';
import { parseQuery } from '../../../server/query/parse.ts';
import { openSql } from '../../../server/store/sqlite/flows-table.ts';
import { openSqliteStore } from '../../../server/store/sqlite/sqlite-store.ts';
import type { FlowStore } from '../../../server/store/flow-store.ts';
import { batchOf } from '../../support/flow.ts';
import { lineOf } from './columns.ts';
import type { Engine, Place } from './engine.ts';
import { makeFlows, WITHIN } from './flows.ts';

const BATCH = 4_096;
const MINUTES = 1_440;

/** Our store, loaded as ingest does, and read as the processes that answer do. */
export async function openDropwise({ folder, flows }: Place): Promise<Engine> {
  {
    await using writer = await openSqliteStore({ directory: folder });
    let batch: Flow[] = [];
    for (const flow of makeFlows(flows)) {
      if (batch.push(flow) < BATCH) continue;
      await writer.append(batchOf(batch, { origin: flow.origin }));
      batch = [];
    }
    await writer.append(batchOf(batch, { origin: 'relay-east' }));
  }
  // As the processes that answer read it, beside the one that writes.
  const store = await openSqliteStore({ directory: folder, readOnly: true });
  const session = openSql({ directory: folder, readSpan: () => WITHIN, readQuery });
  const { columns, id } = columnBytes(join(folder, 'dropwise.sqlite'));
  return {
    version: process.version,
    bytesPerFlow: {
      columns: columns / flows,
      columnsWithoutId: (columns - id) / flows,
      onDisk: store.size() / flows,
    },
    async ask({ ours, sql }) {
      switch (ours.kind) {
        case 'page': {
          const query = { where: readQuery(ours.where), within: WITHIN };
          const page = await store.page(query, { limit: ours.limit, order: 'newest' });
          return () => page.flows.map(lineOf);
        }
        case 'hits per minute':
          return hitsPerMinute(store);
        case 'verdicts per minute':
          return verdictsPerMinute(store);
        case 'top': {
          const { by, top } = ours;
          const query = { where: undefined, within: WITHIN, by: [by], buckets: 1, top };
          const { rows } = await store.summarize(query);
          return () =>
            rows.flatMap(({ keys, events }) =>
              keys === undefined ? [] : [[...keys, events].join('\t')],
            );
        }
        case 'sql': {
          const rows = [...session.query(sql).rows].map((row) => [...row]);
          return () => rows.map((row) => row.join('\t'));
        }
      }
    },
  };
}

function readQuery(text: string) {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.where;
}

type Counts = Readonly<Record<'allowed' | 'denied', ArrayLike<number>>>;

/** A line for each minute in which a policy was hit. */
const hitLines = (policy: string, { allowed, denied }: Counts): readonly string[] =>
  Array.from({ length: MINUTES }, (_, minute) => {
    const counts = { allowed: allowed[minute] ?? 0, denied: denied[minute] ?? 0 };
    if (counts.allowed + counts.denied === 0) return [];
    return [[policy, minute, counts.allowed, counts.denied].join('\t')];
  }).flat();

/** By the roll-up that commits keep. */
async function hitsPerMinute(store: FlowStore): Promise<() => readonly string[]> {
  const rows = await store.policyHits({ within: WITHIN, buckets: MINUTES });
  return () => rows.flatMap(({ policy, series }) => hitLines(policyName(policy), series)).sort();
}

/** The same from the columns. */
async function verdictsPerMinute(store: FlowStore): Promise<() => readonly string[]> {
  const count = async (verdict: string) => {
    const { rows } = await store.summarize({
      where: readQuery(`event:policy-verdict verdict:${verdict}`),
      ...{ within: WITHIN, by: ['policy'], buckets: MINUTES, top: 10_000 },
    });
    return new Map(rows.map(({ keys, series }) => [keys?.[0], series]));
  };
  const [allowed, denied] = [await count('forwarded'), await count('dropped')];
  const merged = (policy: string): Counts => ({
    allowed: allowed.get(policy) ?? [],
    denied: denied.get(policy) ?? [],
  });
  return () =>
    [...new Set([...allowed.keys(), ...denied.keys()])]
      .flatMap((policy = '') => hitLines(policy, merged(policy)))
      .sort();
}

/** Bytes of all columns of all flows, headers included, and of the ids among them. */
function columnBytes(file: string): { readonly columns: number; readonly id: number } {
  const db = new Database(file, { readonly: true });
  const bytes = { columns: 0, id: 0 };
  for (const blob of db.prepare<[], Buffer>('SELECT columns FROM blocks').pluck().iterate()) {
    const header = JSON.parse(blob.toString('utf8', 5, 5 + blob.readUInt32LE(1))) as {
      readonly columns: readonly (readonly [name: string, ...rest: unknown[], length: number])[];
    };
    bytes.columns += blob.length;
    bytes.id += header.columns.find(([name]) => name === 'id')?.at(-1) as number;
  }
  db.close();
  return bytes;
}
