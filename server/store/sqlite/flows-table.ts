import Database from 'better-sqlite3';
import { devNull } from 'node:os';
import { AppError } from '../../core/errors.ts';
import { formatTime, nanos, parseTime, type TimeWindow } from '../../core/time.ts';
import type { Expression } from '../../query/ast.ts';
import { loadCatalog, type Catalog } from './catalog.ts';
import { openForReading, type Connection } from './database.ts';
import { storeFailure } from './failures.ts';
import { columnReader, FLOW_SQL_COLUMNS, type SqlValue } from './flow-columns.ts';
import { SQL_VIEWS } from './sql-views.ts';
import { walkBlocks } from './walk.ts';

export type SqlOptions = {
  /** Of a store, which may be written meanwhile. */
  readonly directory: string;
  /** Read what `flows('24h', 'verdict:dropped')` asks for; they throw AppErrors. */
  readonly readSpan: (text: string) => TimeWindow | undefined;
  readonly readQuery: (text: string) => Expression | undefined;
};

export type SqlResult = {
  readonly columns: readonly string[];
  /** Made while they are read; whole numbers are bigints. */
  readonly rows: Iterable<readonly (SqlValue | Buffer)[]>;
};

export type SqlSession = Disposable & {
  /**
   * Runs one statement that only reads. Throws an AppError `bad-sql` for any other and for what SQLite does not
   * understand; so do the rows, when the statement fails while it runs.
   */
  query(sql: string): SqlResult;
};

const CACHE_BYTES = 64 * 1024 * 1024;
/** Blocks are at most this large, so that any number does here: nothing is merged. */
const BLOCK_ROWS = 16_384;

/**
 * Opens a store for SQL: `flows` is made from the column blocks, row by row; the views of docs/sql.md and the tables
 * of the store stand beside it. Flows that are committed after this are not seen.
 */
export function openSql({ directory, readSpan, readQuery }: SqlOptions): SqlSession {
  using opening = new DisposableStack();
  const opened = opening.use(openForReading(directory));
  const catalog = loadCatalog({
    db: opened.db,
    cacheBytes: CACHE_BYTES,
    shared: true,
    blockRows: BLOCK_ROWS,
  });
  const asOf = catalog.head();
  // A connection of its own, since blocks are read while a statement runs. Its main database is the empty file:
  // so what is attached is read-only too, and a long walk through `flows` keeps no old state of the store alive.
  const db = new Database(devNull, { readonly: true });
  opening.defer(() => db.close());
  db.prepare('ATTACH ? AS store').run(opened.file);
  addFunctions(db);
  db.exec(SQL_VIEWS);
  /** Places of the columns that the statement under way reads; a block's others are not decompressed. */
  let used: ReadonlySet<number> = new Set();
  db.table('flows', {
    columns: FLOW_SQL_COLUMNS.map(({ name }) => name),
    parameters: [...PARAMETERS],
    *rows(span, query) {
      const within = isText(span) ? readSpan(span) : undefined;
      const where = isText(query) ? readQuery(query) : undefined;
      yield* flowRows(catalog, { where, asOf, ...(within === undefined ? {} : { within }) }, used);
    },
  });
  const held = opening.move();
  return {
    query(sql) {
      return guardSql(opened.file, () => {
        const statement = db.prepare<[], (SqlValue | Buffer)[]>(sql);
        if (!statement.reader || !statement.readonly) {
          throw new AppError('bad-sql', 'only statements that read are run, such as SELECT');
        }
        used = usedColumns(db, sql);
        const rows = statement.raw().safeIntegers();
        return {
          columns: statement.columns().map(({ name }) => name),
          rows: guarded(opened.file, () => rows.iterate()),
        };
      });
    },
    [Symbol.dispose]: () => held.dispose(),
  };
}

const PARAMETERS = ['span', 'query'] as const;

/** What is left out is `undefined`. SQLite would find no row for which an argument equals NULL. */
function isText(value: unknown): value is string {
  if (value === undefined || typeof value === 'string') return value !== undefined;
  throw new AppError('bad-sql', "flows takes texts: flows('all', 'verdict:dropped')");
}

type RowsQuery = Parameters<typeof walkBlocks>[1];

function* flowRows(
  catalog: Catalog,
  query: RowsQuery,
  used: ReadonlySet<number>,
): Generator<readonly SqlValue[], void, undefined> {
  for (const { matches } of walkBlocks(catalog, query, { order: 'oldest' })) {
    if (matches === undefined) continue;
    const { opened, from, to, rows } = matches;
    const readers = FLOW_SQL_COLUMNS.map((column, place) =>
      used.has(place) ? columnReader(column, opened) : undefined,
    );
    // One row for all: SQLite takes its cells before it asks for the next.
    const cells = new Array<SqlValue>(readers.length).fill(null);
    for (let row = from; row < to; row++) {
      if (rows !== undefined && rows[row] === 0) continue;
      for (const place of used) cells[place] = readers[place]?.(row) ?? null;
      yield cells;
    }
  }
}

/** SQLite's own program for the statement tells which columns of virtual tables it reads. */
function usedColumns(db: Connection, sql: string): ReadonlySet<number> {
  const all = FLOW_SQL_COLUMNS.map((_, place) => place);
  // The program of an EXPLAIN is not to be had; it reads no rows either.
  if (/^\s*explain\b/i.test(sql)) return new Set(all);
  const program = db.prepare<[], { opcode: string; p2: number }>(`EXPLAIN ${sql}`).all();
  const places = program
    .filter(({ opcode }) => opcode === 'VColumn')
    .map(({ p2 }) => p2 - PARAMETERS.length);
  return new Set(all.filter((place) => places.includes(place)));
}

function addFunctions(db: Connection): void {
  const options = { deterministic: true, safeIntegers: true };
  db.function('iso', options, (time: unknown) => {
    if (time === null) return null;
    if (typeof time === 'bigint') return formatTime(nanos(time));
    throw new AppError('bad-sql', 'iso() takes nanoseconds since 1970');
  });
  db.function('ns', options, (text: unknown) => {
    if (text === null) return null;
    const time = typeof text === 'string' ? parseTime(text) : undefined;
    if (time !== undefined) return time;
    throw new AppError('bad-sql', "ns() takes a time such as '2026-05-03T10:00:00Z'");
  });
}

/** The statement begins when its first row is asked for, and ends with the last one that is taken. */
function* guarded<T>(file: string, begin: () => Iterator<T>): Generator<T, void, undefined> {
  const rows = guardSql(file, begin);
  try {
    for (;;) {
      const next = guardSql(file, () => rows.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    rows.return?.();
  }
}

function guardSql<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    // Two statements at once, or a parameter without a value: this library names neither by a class of its own.
    const isMisuse = error instanceof RangeError || error instanceof TypeError;
    const isSyntax = error instanceof Database.SqliteError && error.code === 'SQLITE_ERROR';
    if (isMisuse || isSyntax) throw new AppError('bad-sql', error.message, { cause: error });
    throw storeFailure('Reading flows', file, error) ?? error;
  }
}
