import type Database from 'better-sqlite3';
import { keyText, type HowSeen } from '../../core/inventory.ts';
import { nanos } from '../../core/time.ts';
import { nodesAround } from './interval-node.ts';
import { createObjectCoverage } from './objects-coverage.ts';
import { STILL_THERE, type ObjectHistory, type StoredVersion } from './objects-history.ts';
import { createObjectPrune } from './objects-prune.ts';
import { createObjectRecord } from './objects-record.ts';

type VersionRow = {
  readonly source: string;
  readonly key: string;
  readonly hash: string;
  readonly body: Buffer;
  readonly from_at: bigint;
  readonly until_at: bigint;
  readonly how: HowSeen;
};

const SELECT =
  'SELECT k.source, k.key, c.hash, c.body, v.from_at, v.until_at, v.how FROM object_versions v';
const JOINS = 'JOIN object_keys k ON k.id = v.key_id JOIN object_contents c ON c.id = v.content_id';

export function createObjectHistory(db: Database.Database): ObjectHistory {
  const read = (sql: string): Database.Statement<unknown[], VersionRow> =>
    db.prepare<unknown[], VersionRow>(sql).safeIntegers();
  const open = read(`${SELECT} ${JOINS} WHERE k.source = ? AND v.until_at = ${STILL_THERE}`);
  const of = read(`${SELECT} ${JOINS} WHERE k.key = ? ORDER BY v.from_at DESC, v.id DESC`);
  // Each node is one search in an index that ends with the bound, so no span is touched that does not hold the time.
  const at = read(
    `${SELECT} INDEXED BY object_versions_left ${JOINS}
       WHERE v.node IN (SELECT value FROM json_each(:left)) AND v.until_at > :time AND v.from_at <= :time
     UNION ALL
     ${SELECT} INDEXED BY object_versions_right ${JOINS}
       WHERE v.node IN (SELECT value FROM json_each(:right)) AND v.from_at <= :time AND v.until_at > :time`,
  );
  return {
    ...createObjectRecord(db),
    open: (source) => open.all(source).map(versionOf),
    at(time) {
      const { left, right } = nodesAround(time);
      const list = (nodes: readonly bigint[]): string => `[${nodes.join(',')}]`;
      return at.all({ left: list(left), right: list(right), time }).map(versionOf);
    },
    of: (key) => of.all(keyText(key)).map(versionOf),
    ...createObjectCoverage(db),
    prune: createObjectPrune(db),
  };
}

const versionOf = ({ key, from_at, until_at, ...row }: VersionRow): StoredVersion => {
  const [cluster = '', apiGroup = '', kind = '', namespace = '', name = ''] = key.split('\n');
  return {
    ...row,
    key: { cluster, apiGroup, kind, namespace, name },
    from: nanos(from_at),
    until: until_at === STILL_THERE ? undefined : nanos(until_at),
  };
};
