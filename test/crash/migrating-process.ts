/** Run as a process of its own: opens the store, and kills itself at the given kill point of its migrations. */
import { flushCompileCache } from 'node:module';
import Database from 'better-sqlite3';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { watchKillPoints } from './kill-points.ts';

const [directory = '', at = ''] = process.argv.slice(2);
// Node keeps what it compiled when a process ends by itself, which these do not.
flushCompileCache();
let left = Number(at);
const reach = (): void => {
  left -= 1;
  if (left <= 0) process.kill(process.pid, 'SIGKILL');
};
watchKillPoints(reach);
const { exec } = Database.prototype;
/** A migration is one text of many statements. */
Database.prototype.exec = function (sql) {
  for (const statement of sql.split(/;$/m)) {
    reach();
    exec.call(this, statement);
  }
  return this;
};
await (await openSqliteStore({ directory }))[Symbol.asyncDispose]();
