import Database from 'better-sqlite3';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { readMigrations } from '../migrations.ts';
import { integrityFaults } from '../sqlite/backup.ts';
import { guard } from '../sqlite/failures.ts';
import { damageIn, putAside } from '../sqlite/quarantine.ts';
import type { ControlStore } from './control-store.ts';
import { createEvaluatedHits } from './evaluated-hits.ts';
import { createMarks } from './marks.ts';
import { createObjectHistory } from './objects.ts';
import { createViews } from './views.ts';

/** Name of the database in the data directory. */
export const CONTROL_FILE = 'control.sqlite';

/** Every wait blocks the process that serves the page. */
const BUSY_MS = 250;

const migrations = readMigrations(new URL('../../../migrations/control/', import.meta.url));

/**
 * Opens `control.sqlite` in the data directory of this process. Never throws for what is wrong with the file: a damaged
 * one is put aside and a new one begun; where none can be used, all calls throw why, and the log says it once.
 */
export function openControl({
  directory,
  log,
}: {
  readonly directory: string;
  readonly log: Logger;
}): ControlStore {
  const file = join(directory, CONTROL_FILE);
  try {
    return guard('Opening the marks and views', file, () => {
      const damage = damageOf(file);
      if (damage === undefined) return openSound(file, undefined);
      const aside = putAside(file, new Date());
      const notice = `${file} was damaged (${damage}) and is kept as ${aside}; acknowledgements and views begin anew`;
      log.warn({ file, aside, damage }, 'the marks and views were damaged');
      return openSound(file, notice);
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.warn({ err: error }, 'marks and views cannot be kept');
    return withoutFile(error);
  }
}

/** By a connection that cannot write, as the store of flows is looked at. */
function damageOf(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true, timeout: BUSY_MS });
    return integrityFaults(db, 'quick_check')[0];
  } catch (error) {
    const damage = damageIn(error);
    if (damage === undefined) throw error;
    return damage;
  } finally {
    db?.close();
  }
}

function openSound(file: string, notice: string | undefined): ControlStore {
  using undo = new DisposableStack();
  const db = new Database(file, { timeout: BUSY_MS });
  undo.defer(() => db.close());
  db.pragma('journal_mode = WAL');
  // Written seldom, and nobody writes it down a second time: each change waits for the disk.
  db.pragma('synchronous = FULL');
  migrations.run(db, file);
  const marks = createMarks(db);
  const views = createViews(db);
  const objects = createObjectHistory(db);
  const evaluated = createEvaluatedHits(db);
  const held = undo.move();
  const attempt = <A extends readonly unknown[], T>(what: string, run: (...args: A) => T) => {
    return (...args: A): T => guard(what, file, () => run(...args));
  };
  return {
    notice,
    marks: attempt('Reading the marks', marks.all),
    saveMark: attempt('Keeping a mark', marks.save),
    removeMark: attempt('Removing a mark', marks.remove),
    views: attempt('Reading the views', views.all),
    saveView: attempt('Keeping a view', views.save),
    removeView: attempt('Removing a view', views.remove),
    objects: {
      record: attempt('Keeping objects', objects.record),
      open: attempt('Reading the objects', objects.open),
      at: attempt('Reading the objects', objects.at),
      of: attempt('Reading an object', objects.of),
      cover: attempt('Keeping what was watched', objects.cover),
      coveredUntil: attempt('Reading what was watched', objects.coveredUntil),
      retire: attempt('Keeping objects', objects.retire),
      coverageAt: attempt('Reading what was watched', objects.coverageAt),
      prune: attempt('Removing old objects', objects.prune),
    },
    evaluated: {
      mark: attempt('Reading evaluated hits', evaluated.mark),
      begin: attempt('Keeping evaluated hits', evaluated.begin),
      add: attempt('Keeping evaluated hits', evaluated.add),
      prune: attempt('Removing old evaluated hits', evaluated.prune),
    },
    [Symbol.dispose]: () => held.dispose(),
  };
}

function withoutFile({ code, detail, fields }: AppError): ControlStore {
  const refuse = (): never => {
    // Made anew for each request, whose place in the program the stack then tells.
    throw new AppError(code, detail, { fields });
  };
  return {
    notice: undefined,
    marks: refuse,
    saveMark: refuse,
    removeMark: refuse,
    views: refuse,
    saveView: refuse,
    removeView: refuse,
    objects: {
      record: refuse,
      open: refuse,
      at: refuse,
      of: refuse,
      cover: refuse,
      coveredUntil: refuse,
      retire: refuse,
      coverageAt: refuse,
      prune: refuse,
    },
    evaluated: { mark: refuse, begin: refuse, add: refuse, prune: refuse },
    [Symbol.dispose]: () => undefined,
  };
}
