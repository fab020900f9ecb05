import type { Command } from 'commander';
import { AppError } from '../core/errors.ts';
import type { RecordedFlow } from '../core/flow.ts';
import { keyText, type Inventory } from '../core/inventory.ts';
import { nanos, parseTime, type EpochNanos } from '../core/time.ts';
import { manifestDocuments, type ManifestDocument } from '../inventory/manifest-documents.ts';
import { readManifests } from '../inventory/read-manifests.ts';
import { systemClock } from '../lib/clock.ts';
import { readInventory } from '../operations/read-inventory.ts';
import { readQuery } from '../operations/read-request.ts';
import { dataplaneOf } from '../operations/why/dataplane.ts';
import { createEngines } from '../operations/why/engine-at.ts';
import { explainFlow } from '../operations/why/explain-flow.ts';
import { filesInventory } from '../operations/why/files-inventory.ts';
import { createSourceFiles } from '../operations/why/source-places.ts';
import { all, term } from '../query/build.ts';
import { readObjects } from '../store/control/read-objects.ts';
import type { FlowReader } from '../store/flow-store.ts';
import { outputOf, storeCommand, textFlag, type Flags, type WithStore } from './command-parts.ts';
import { escapeControls, printJson, writeOut, type OutputFormat } from './print.ts';
import { whyText } from './why-text.ts';

const EXAMPLES = `
Examples:
  dropwise why 4711                                  the flow of that sequence number
  dropwise why 'to.wl:redis from.wl:checkout'        the latest drop that matches
  dropwise why 4711 --as-of now                      by today's policies: would it still be dropped?
  dropwise why 4711 --policies manifests/            by the policies of a folder; no server, no cluster

The diff keeps the comments of manifests that --policies names. Nothing is ever applied.`;

export function addWhy(
  program: Command,
  withStore: WithStore,
  dataDirectory: (flags: Flags) => string,
): void {
  storeCommand(program, 'why <flow-or-query>')
    .description(
      'say why a stored flow was dropped, or let through: a sequence number, an id, or a query whose latest drop is meant; docs/why.md',
    )
    .option('--as-of <time>', "policies of a moment, or 'now'; default those when it was seen")
    .option('--policies <path>', 'policies of manifests (a file, a directory, an archive) instead')
    .addHelpText('after', EXAMPLES)
    .action((asked: string, flags: Flags) => {
      const question = readQuestion(asked, flags);
      return withStore(flags, { write: false }, (store) =>
        explain(store, dataDirectory(flags), question),
      );
    });
}

type Question = {
  readonly asked: string;
  readonly asOf: 'then' | 'now' | EpochNanos;
  readonly policies: string | undefined;
  readonly output: OutputFormat;
};

function readQuestion(asked: string, flags: Flags): Question {
  const text = textFlag(flags, 'asOf') ?? 'then';
  const policies = textFlag(flags, 'policies');
  if (policies !== undefined && text !== 'then')
    throw new AppError('bad-request', '--as-of and --policies do not go together; leave one out');
  const time = text === 'then' || text === 'now' ? text : parseTime(text);
  if (time === undefined)
    throw new AppError(
      'bad-time',
      `'${text}' is neither 'now' nor a time such as 2026-05-03T12:00:00Z`,
    );
  return { asked, asOf: time, policies, output: outputOf(flags) };
}

async function explain(
  reader: FlowReader,
  directory: string,
  { asked, asOf, policies, output }: Question,
): Promise<void> {
  const flow = await findFlow(reader, asked);
  using objects = policies === undefined ? readObjects(directory) : undefined;
  const { inventory, documents } =
    policies === undefined
      ? { inventory: await readInventory(objects, now()), documents: NO_DOCUMENTS }
      : await readFiles(policies);
  const explanation = await explainFlow(flow, {
    ...{ reader, inventory, engines: createEngines(), dataplane: dataplaneOf(flow) },
    of: policies !== undefined ? 'files' : asOf === 'now' ? 'now' : 'then',
    at: typeof asOf === 'bigint' ? asOf : undefined,
    documentsOf:
      policies === undefined
        ? createSourceFiles().of
        : () => Promise.resolve(({ key }) => documents.get(keyText(key))),
  });
  if (output === 'json') printJson({ seq: flow.seq, ...explanation });
  else {
    const files = [...documents];
    const text = whyText(flow, explanation, ({ kind, apiGroup = '', namespace, name }) => {
      const end = [apiGroup, kind, namespace, name].join('\n');
      return files.find(([key]) => key.endsWith(end))?.[1].file;
    });
    await writeOut(text.split('\n').map(escapeControls).join('\n'));
  }
}

const now = (): EpochNanos => nanos(systemClock().now());

const NO_DOCUMENTS: ReadonlyMap<string, ManifestDocument> = new Map();

async function readFiles(path: string): Promise<{
  readonly inventory: Inventory;
  readonly documents: ReadonlyMap<string, ManifestDocument>;
}> {
  try {
    const { objects, invalid } = await readManifests({ path, cluster: '' });
    for (const { where, reason } of invalid)
      process.stderr.write(`dropwise: ${escapeControls(`${where}: ${reason}`)}; left out\n`);
    if (objects.length === 0) throw new AppError('bad-file', `${path} holds no manifest`);
    const inventory = filesInventory(objects, now());
    return { inventory, documents: await manifestDocuments(path) };
  } catch (error) {
    if (error instanceof AppError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new AppError('bad-file', `${path}: ${why}`, { cause: error });
  }
}

/** By number, by id, or the latest drop that a query finds. */
async function findFlow(reader: FlowReader, asked: string): Promise<RecordedFlow> {
  if (/^[1-9]\d{0,14}$/.test(asked)) {
    const flow = await reader.find(Number(asked));
    if (flow !== undefined) return flow;
    throw new AppError('not-found', `no flow has the number '${asked}'; it may be past retention`);
  }
  const isId = /^[0-9a-f]{32}$/.test(asked);
  const { where } = readQuery(isId ? `id:${asked}` : asked);
  const drops = term(undefined, 'verdict', 'dropped');
  const wanted = isId ? where : where === undefined ? drops : all([drops, where]);
  const { flows } = await reader.page({ where: wanted }, { limit: 1, order: 'newest' });
  const [found] = flows;
  const flow = found === undefined ? undefined : await reader.find(found.seq);
  if (flow !== undefined) return flow;
  throw new AppError(
    'not-found',
    isId ? `no flow has the id '${asked}'` : `no stored drop matches '${asked}'`,
  );
}
