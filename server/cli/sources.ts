import { formatTime, nanos } from '../core/time.ts';
import { systemClock } from '../lib/clock.ts';
import { listSources } from '../operations/list-sources.ts';
import { createProducers } from '../operations/producers.ts';
import { readInventory, type StoredInventorySource } from '../operations/read-inventory.ts';
import { sourceJson } from '../operations/source-json.ts';
import { readObjects } from '../store/control/read-objects.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { printJson, printTable, type OutputFormat } from './print.ts';

/** Prints what the store knows of each source. Whether one is connected now only the running server knows. */
export async function printSources(
  store: FlowStore,
  { directory, output }: { readonly directory: string; readonly output: OutputFormat },
): Promise<void> {
  const now = nanos(systemClock().now());
  const listed = await listSources(store, [], { now, producers: createProducers(store) });
  const sources = listed.map((source) => sourceJson(source, now));
  using objects = readObjects(directory);
  const inventory = (await readInventory(objects, now)).sources();
  if (output === 'json') {
    for (const source of sources) printJson(source);
    for (const source of inventory) printJson(inventoryJson(source));
    return;
  }
  printTable(
    ['source', 'kind', 'stored', 'dropped', 'lost', 'rejected', 'last event', 'checkpoint'],
    sources.map((source) => [
      source.name,
      source.kind === 'import' ? '' : source.kind,
      String(source.stored),
      String(source.byVerdict.dropped),
      source.lost,
      String(source.rejected.reduce((sum, { count }) => sum + count, 0)),
      source.lastEventAt ?? '',
      source.checkpointAt ?? '',
    ]),
  );
  for (const { name, limits } of sources) {
    if (limits.length === 0) continue;
    process.stdout.write(`\n${name} cannot say:\n`);
    for (const limit of limits) process.stdout.write(`  ${limit}\n`);
  }
  if (inventory.length > 0) printInventory(inventory);
}

/** Where policies and what they select come from. */
function printInventory(sources: readonly StoredInventorySource[]): void {
  process.stdout.write('\n');
  printTable(
    ['inventory', 'cluster', 'told until', 'objects'],
    sources.map(({ name, cluster, objects, toldUntil }) => [
      ...[name, cluster, toldUntil === undefined ? '' : formatTime(toldUntil)],
      objects.map(({ kind, count }) => `${count} ${kind}`).join(', '),
    ]),
  );
}

const inventoryJson = ({ toldUntil, ...source }: StoredInventorySource) => ({
  ...source,
  toldUntil: toldUntil === undefined ? null : formatTime(toldUntil),
});
