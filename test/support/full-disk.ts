import Database from 'better-sqlite3';

/** Fills the disk of every store that is opened while it is in use, as far as SQLite can tell. */
export type FullDisk = Disposable & {
  /** No page more than there is now: what needs one fails with SQLITE_FULL. */
  fill(): void;
  free(): void;
};

const MOST_PAGES = 4_294_967_294;

/** A connection sets its own limit of pages, so the ones that are opened are noted. */
export function fullDisk(): FullDisk {
  const prototype = Database.prototype as { pragma: Database.Database['pragma'] };
  const { pragma } = prototype;
  const opened = new Set<Database.Database>();
  prototype.pragma = function (this: Database.Database, ...args) {
    opened.add(this);
    return pragma.apply(this, args);
  };
  const limit = (pages: (db: Database.Database) => number): void => {
    for (const db of opened) if (db.open) pragma.call(db, `max_page_count = ${pages(db)}`);
  };
  return {
    fill: () => limit((db) => Number(pragma.call(db, 'page_count', { simple: true }))),
    free: () => limit(() => MOST_PAGES),
    [Symbol.dispose]() {
      prototype.pragma = pragma;
    },
  };
}
