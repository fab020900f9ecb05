import { nanos } from '../core/time.ts';
import { systemClock } from '../lib/clock.ts';
import { listSources } from '../operations/list-sources.ts';
import { sourceJson } from '../operations/source-json.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { printJson, printTable, type OutputFormat } from './print.ts';

/** Prints what the store knows of each source. Whether one is connected now only the running server knows. */
export async function printSources(
  store: FlowStore,
  { output }: { readonly output: OutputFormat },
): Promise<void> {
  const now = nanos(systemClock().now());
  const sources = (await listSources(store, [], now)).map((source) => sourceJson(source, now));
  if (output === 'json') {
    for (const source of sources) printJson(source);
    return;
  }
  printTable(
    ['source', 'stored', 'dropped', 'lost', 'rejected', 'last event', 'checkpoint'],
    sources.map((source) => [
      source.name,
      String(source.stored),
      String(source.byVerdict.dropped),
      source.lost,
      String(source.rejected.reduce((sum, { count }) => sum + count, 0)),
      source.lastEventAt ?? '',
      source.checkpointAt ?? '',
    ]),
  );
}
