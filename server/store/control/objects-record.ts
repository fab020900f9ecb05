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
  const insertKey = db.prepare(
    'INSERT INTO object_keys (source, key) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const keyId = db
    .prepare<[string, string], bigint>('SELECT id FROM object_keys WHERE key = ? AND source = ?')
    .pluck()
    .safeIntegers();
  const openVersion = db
    .prepare<[bigint], OpenRow>(
      `SELECT v.id, c.hash, v.from_at FROM object_versions v JOIN object_contents c ON c.id = v.content_id
       WHERE v.key_id = ? AND v.until_at = ${STILL_THERE}`,
    )
    .safeIntegers();
  const insertContent = db.prepare('INSERT INTO object_contents (hash, body) VALUES (?, ?)');
  const contentId = db
    .prepare<[string], bigint>('SELECT id FROM object_contents WHERE hash = ?')
    .pluck()
    .safeIntegers();
  const insertVersion = db.prepare(
    `INSERT INTO object_versions (key_id, content_id, from_at, until_at, how, node, short)
     VALUES (?, ?, ?, ${STILL_THERE}, ?, 0, ?)`,
  );
  const close = db.prepare('UPDATE object_versions SET until_at = ?, node = ? WHERE id = ?');
  const drop = db.prepare('DELETE FROM object_versions WHERE id = ?');

  const orphans = db
    .prepare<[string], Omit<OpenRow, 'hash'> & { readonly last: bigint }>(
      `SELECT v.id, v.from_at,
         max(v.from_at + 1, coalesce((SELECT max(until_at) FROM object_coverage WHERE source = k.source), 0)) AS last
       FROM object_versions v JOIN object_keys k ON k.id = v.key_id
       WHERE v.node = 0 AND v.until_at = ${STILL_THERE} AND k.source NOT IN (SELECT value FROM json_each(?))`,
    )
    .safeIntegers();

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
  const idOf = (source: string, key: ObjectKey): bigint => {
    const text = keyText(key);
    const known = keyId.get(text, source);
    return known ?? BigInt(insertKey.run(source, text).lastInsertRowid);
  };
  const present = (source: string, object: SeenObject, at: EpochNanos, how: HowSeen): void => {
    const { key, hash, manifest } = object;
    const id = idOf(source, key);
    const open = openVersion.get(id);
    if (open?.hash === hash) return;
    const from = open === undefined ? at : end(open, at);
    const content =
      contentId.get(hash) ??
      BigInt(insertContent.run(hash, zstdCompressSync(JSON.stringify(manifest))).lastInsertRowid);
    insertVersion.run(id, content, from, how, CHURNING_KINDS.has(kindName(key)) ? 1 : 0);
  };
  const gone = (source: string, key: ObjectKey, at: EpochNanos): void => {
    const id = keyId.get(keyText(key), source);
    const open = id === undefined ? undefined : openVersion.get(id);
    if (open !== undefined) end(open, at);
  };

  const record = db.transaction((source: string, changes: readonly ObjectChange[]): void => {
    for (const change of changes) {
      if (change.kind === 'present') present(source, change.object, change.at, change.how);
      else gone(source, change.key, change.at);
    }
  });
  const retire = db.transaction((running: readonly string[]): void => {
    for (const { last, ...version } of orphans.all(JSON.stringify(running)))
      end(version, nanos(last));
  });
  return {
    record: (source, changes) => record.immediate(source, changes),
    retire: (running) => retire.immediate(running),
  };
}
