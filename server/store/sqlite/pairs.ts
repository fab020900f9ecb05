import { endName } from '../../core/end-name.ts';
import type { Endpoint, Flow } from '../../core/flow.ts';
import type { Connection } from './database.ts';

/**
 * Knows which ends have talked to which, across restarts and beyond the retention of their flows. A pair is a source and
 * a destination by workload, or by DNS name where there is no workload; an address alone is no end, or each client from
 * outside would be a pair of its own. Replies make no pair.
 */
export type Pairs = {
  /** The flows, those that are the first of their pair marked. Must be followed by `save` or `forget`. */
  mark(flows: readonly Flow[]): readonly Flow[];
  /** Inside the transaction that commits the marked flows, the first of which has this sequence number. */
  save(firstSeq: number): void;
  /** The marked flows were not committed. */
  forget(): void;
};

/** Above this the older half is forgotten, and would be told as new again. */
const MAX_PAIRS = 250_000;
/** Ends are numbered below this, so that two of them make one whole number. */
const MAX_ENDS = 2 ** 26;

type Fresh = { readonly source: number; readonly destination: number; readonly row: number };

const pairKey = (source: number, destination: number): number => source * MAX_ENDS + destination;

export function createPairs(db: Connection, maxPairs = MAX_PAIRS): Pairs {
  const insertEnd = db.prepare('INSERT OR IGNORE INTO pair_ends (id, name) VALUES (?, ?)');
  const insertPair = db.prepare(
    'INSERT OR REPLACE INTO pairs (source, destination, first_seq) VALUES (?, ?, ?)',
  );
  const newerPairs = db
    .prepare<[number], number>(
      'SELECT first_seq FROM pairs ORDER BY first_seq DESC LIMIT 1 OFFSET ?',
    )
    .pluck();
  const deletePairs = db.prepare('DELETE FROM pairs WHERE first_seq <= ?');
  const deleteEnds = db.prepare(
    'DELETE FROM pair_ends WHERE id NOT IN (SELECT source FROM pairs UNION SELECT destination FROM pairs)',
  );
  const selectEnds = db.prepare<[], { id: number; name: string }>('SELECT id, name FROM pair_ends');
  const selectLastEnd = db.prepare<[], number>('SELECT max(id) FROM pair_ends').pluck();
  const selectPairs = db.prepare<[], { source: number; destination: number }>(
    'SELECT source, destination FROM pairs',
  );

  /** What is known has to be read from the database: nothing is yet, or some of it was not committed. */
  let stale = true;
  let ends = new Map<string, number>();
  let known = new Set<number>();
  let nextEnd = 1;
  let byObject = new WeakMap<Endpoint, number>();
  let freshEnds: { readonly id: number; readonly name: string }[] = [];
  let fresh: Fresh[] = [];

  const load = (): void => {
    ends = new Map(selectEnds.all().map(({ id, name }) => [name, id]));
    known = new Set(selectPairs.all().map((pair) => pairKey(pair.source, pair.destination)));
    nextEnd = 1 + (selectLastEnd.get() ?? 0);
    byObject = new WeakMap();
    freshEnds = [];
    fresh = [];
    stale = false;
  };

  const numberOf = (name: string): number => {
    let id = ends.get(name);
    if (id === undefined) {
      id = nextEnd;
      nextEnd += 1;
      ends.set(name, id);
      freshEnds.push({ id, name });
    }
    return id;
  };
  const endOf = (end: Endpoint, names: readonly string[]): number => {
    // Names belong to the flow, not to the endpoint; what has none is told apart by the object alone.
    if (names.length > 0 && end.workload === '' && end.pod === '')
      return numberOf(nameOf(end, names));
    let id = byObject.get(end);
    if (id === undefined) {
      id = numberOf(nameOf(end, names));
      byObject.set(end, id);
    }
    return id;
  };

  return {
    mark(flows) {
      if (stale) load();
      return flows.map((flow, row) => {
        if (flow.reply === 'yes') return flow;
        const source = endOf(flow.source, flow.sourceNames);
        const destination = endOf(flow.destination, flow.destinationNames);
        const key = pairKey(source, destination);
        if (known.has(key)) return flow;
        known.add(key);
        fresh.push({ source, destination, row });
        return { ...flow, pair: 'new' };
      });
    },
    save(firstSeq) {
      for (const { id, name } of freshEnds) insertEnd.run(id, name);
      for (const { source, destination, row } of fresh) {
        insertPair.run(source, destination, firstSeq + row);
      }
      freshEnds = [];
      fresh = [];
      if (known.size <= maxPairs) return;
      deletePairs.run(newerPairs.get(Math.floor(maxPairs / 2)) ?? 0);
      deleteEnds.run();
      stale = true;
    },
    forget() {
      stale = true;
    },
  };
}

const nameOf = (end: Endpoint, names: readonly string[]): string =>
  `${end.cluster}:${endName(end, { names, ip: '' })}`;
