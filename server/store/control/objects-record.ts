import type Database from 'better-sqlite3';
import { zstdCompressSync } from 'node:zlib';
import {
  CHURNING_KINDS,
  keyText,
  kindName,
  type HowSeen,
  type ObjectKey,
  type SeenObject,
} from '../../core/inventory.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import { intervalNode } from './interval-node.ts';
import { STILL_THERE, type ObjectChange, type ObjectHistory } from './objects-history.ts';

type OpenRow = { readonly id: bigint; readonly hash: string; readonly from_at: bigint };

/** Writes changes of objects as versions, many in one commit. */
export function createObjectRecord(
  db: Database.Database,
): Pick<ObjectHistory, 'record' | 'retire'> {
  const keys = createKeys(db);
  const versions = createVersions(db);
  const orphans = prepareOrphans(db);
  const record = db.transaction((source: string, changes: readonly ObjectChange[]): void => {
    for (const change of changes) {
      if (change.kind === 'present') {
        const { object, at, how } = change;
        versions.present(keys.make(source, object.key), object, at, how);
      } else {
        const id = keys.find(source, change.key);
        if (id !== undefined) versions.gone(id, change.at);
      }
    }
  });
  const retire = db.transaction((running: readonly string[]): void => {
    for (const { last, ...version } of orphans.all(JSON.stringify(running)))
      versions.end(version, nanos(last));
  });
  return {
    record: (source, changes) => record.immediate(source, changes),
    retire: (running) => retire.immediate(running),
  };
}

function createKeys(db: Database.Database) {
  const insert = db.prepare(
    'INSERT INTO object_keys (source, key) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const idOf = db
    .prepare<[string, string], bigint>('SELECT id FROM object_keys WHERE key = ? AND source = ?')
    .pluck()
    .safeIntegers();
  const find = (source: string, key: ObjectKey): bigint | undefined =>
    idOf.get(keyText(key), source);
  return {
    find,
    make: (source: string, key: ObjectKey): bigint =>
      find(source, key) ?? BigInt(insert.run(source, keyText(key)).lastInsertRowid),
  };
}

/** Answers with the id of equal contents, which are stored once. */
function createContents(db: Database.Database): (object: SeenObject) => bigint {
  const insert = db.prepare('INSERT INTO object_contents (hash, body) VALUES (?, ?)');
  const idOf = db
    .prepare<[string], bigint>('SELECT id FROM object_contents WHERE hash = ?')
    .pluck()
    .safeIntegers();
  return ({ hash, manifest }) =>
    idOf.get(hash) ??
    BigInt(insert.run(hash, zstdCompressSync(JSON.stringify(manifest))).lastInsertRowid);
}

function createVersions(db: Database.Database) {
  const contentOf = createContents(db);
  const find = db
    .prepare<[bigint], OpenRow>(
      `SELECT v.id, c.hash, v.from_at FROM object_versions v JOIN object_contents c ON c.id = v.content_id
       WHERE v.key_id = ? AND v.until_at = ${STILL_THERE}`,
    )
    .safeIntegers();
  const insert = db.prepare(
    `INSERT INTO object_versions (key_id, content_id, from_at, until_at, how, node, short)
     VALUES (?, ?, ?, ${STILL_THERE}, ?, 0, ?)`,
  );
  const close = db.prepare('UPDATE object_versions SET until_at = ?, node = ? WHERE id = ?');
  const drop = db.prepare('DELETE FROM object_versions WHERE id = ?');

  const end = (version: Omit<OpenRow, 'hash'>, at: EpochNanos): EpochNanos => {
    const from = nanos(version.from_at);
    // A clock that was set back must not make a span that ends before it begins.
    if (at <= from) {
      drop.run(version.id);
      return from;
    }
    close.run(at, intervalNode({ from, to: at }), version.id);
    return at;
  };
  return {
    end,
    present(keyId: bigint, object: SeenObject, at: EpochNanos, how: HowSeen): void {
      const open = find.get(keyId);
      if (open?.hash === object.hash) return;
      const from = open === undefined ? at : end(open, at);
      const isShort = CHURNING_KINDS.has(kindName(object.key));
      insert.run(keyId, contentOf(object), from, how, isShort ? 1 : 0);
    },
    gone(keyId: bigint, at: EpochNanos): void {
      const open = find.get(keyId);
      if (open !== undefined) end(open, at);
    },
  };
}

/** Versions that are open and of no source that runs, with the time until which theirs told them. */
const prepareOrphans = (db: Database.Database) =>
  db
    .prepare<[string], Omit<OpenRow, 'hash'> & { readonly last: bigint }>(
      `SELECT v.id, v.from_at,
         max(v.from_at + 1, coalesce((SELECT max(until_at) FROM object_coverage WHERE source = k.source), 0)) AS last
       FROM object_versions v JOIN object_keys k ON k.id = v.key_id
       WHERE v.node = 0 AND v.until_at = ${STILL_THERE} AND k.source NOT IN (SELECT value FROM json_each(?))`,
    )
    .safeIntegers();
