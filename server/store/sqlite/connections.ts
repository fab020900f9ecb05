import type { Connections } from '../connections.ts';
import type { ConnectionQuery } from '../flow-store.ts';
import type { Catalog } from './catalog.ts';
import { createConnectionRows } from './connection-rows.ts';
import { walk } from './walk.ts';

/** Folds flows that policy cannot tell apart. */
export async function foldConnections(
  catalog: Catalog,
  query: ConnectionQuery,
): Promise<Connections> {
  const { afterSeq = 0, signal } = query;
  const head = Math.min(catalog.head(), query.asOf ?? Infinity);
  const rows = createConnectionRows(query);
  const except = [{ low: 1, high: afterSeq }];
  for await (const matches of walk(
    catalog,
    { ...query, asOf: head },
    { order: 'newest', signal, except },
  )) {
    rows.add(matches);
  }
  return { ...rows.told(), head };
}
