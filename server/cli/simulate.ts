import type { Command } from 'commander';
import { Option } from 'commander';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { SeenObject } from '../core/inventory.ts';
import { manifestDocuments } from '../inventory/manifest-documents.ts';
import { readManifests } from '../inventory/read-manifests.ts';
import { NO_EXCEPTIONS, readAllowList, type AllowList } from '../operations/audit/allow-list.ts';
import { applied, isPolicy } from '../operations/audit/policy-change.ts';
import { simulateRecorded } from '../operations/audit/simulate-recorded.ts';
import { simulationJson, type SimulationJson } from '../operations/audit/simulation-json.ts';
import type { Dataplane } from '../policy/facts.ts';
import { textFlag, type Flags } from './command-parts.ts';
import { escapeControls, printTable, writeOut } from './print.ts';
import { withProgress } from './progress.ts';
import { openRecorded } from './recorded-flows.ts';
import { simulationJunit, simulationSarif, type PlaceOf } from './simulation-reports.ts';
import { breaking, notesOf, OUTCOMES, simulationMarkdown, summaryText } from './simulation-text.ts';

const OUTPUTS = ['table', 'json', 'markdown', 'sarif', 'junit'] as const;
const DATAPLANES = ['cilium', 'calico', 'azure-npm', 'kubernetes'] as const;

const EXAMPLES = `
Examples:
  dropwise simulate --flows sample.gz --policies manifests/
  dropwise simulate --flows sample.gz --base main/ --policies branch/ -o markdown
  dropwise simulate --flows sample.gz --policies manifests/ --accept accepted.yaml -o junit

--policies is the whole set: what it lacks is gone. Namespaces, pods and services beside the policies
settle what flows alone leave open. Without --base the records say what was allowed before.
Exit code 1: a recorded edge would be newly denied and --accept does not name it.`;

type Question = {
  readonly flows: readonly string[];
  readonly policies: string;
  readonly base: string | undefined;
  readonly dataplane: Dataplane | undefined;
  readonly accept: string | undefined;
  readonly output: (typeof OUTPUTS)[number];
};

/** `dropwise simulate`: works on files alone, without store, server or cluster. */
export function addSimulate(program: Command, version: string): void {
  program
    .command('simulate')
    .description('say which recorded connections a change of policies would deny; docs/audit.md')
    .requiredOption(
      '--flows <file...>',
      "recorded flows: a sample of 'dropwise flows sample', or Hubble or Calico files (plain or .gz)",
    )
    .requiredOption('--policies <path>', 'the policies as they would be (a file, a directory)')
    .option('--base <path>', 'the policies as they are')
    .option('--accept <file>', 'edges that may be denied, each with a reason and a last day')
    .addOption(
      new Option('--dataplane <name>', 'who enforces; default: by who told of the flows').choices(
        DATAPLANES,
      ),
    )
    .addOption(new Option('-o, --output <format>').choices(OUTPUTS).default('table'))
    .addHelpText('after', EXAMPLES)
    .action((flags: Flags) => simulateFiles(questionOf(flags), version));
}

const questionOf = (flags: Flags): Question => ({
  flows: Array.isArray(flags['flows']) ? flags['flows'].map(String) : [],
  policies: textFlag(flags, 'policies') ?? '',
  base: textFlag(flags, 'base'),
  dataplane: DATAPLANES.find((name) => name === flags['dataplane']),
  accept: textFlag(flags, 'accept'),
  output: OUTPUTS.find((name) => name === flags['output']) ?? 'table',
});

async function simulateFiles(question: Question, version: string): Promise<void> {
  const { flows, policies, base, dataplane, accept, output } = question;
  const accepts = accept === undefined ? NO_EXCEPTIONS : await openAllowList(accept);
  const after = await openManifests(policies);
  const { recorded, objects } = await openRecorded(flows, dataplane);
  const before =
    base === undefined ? objects : [...objects.filter(isFact), ...(await openManifests(base))];
  const simulation = await withProgress('simulate', (onprogress) =>
    Promise.resolve(
      simulateRecorded(recorded, {
        setsOf: ({ cluster }) => {
          const own = before.filter(({ key }) => key.cluster === cluster || key.cluster === '');
          return {
            before: own.some((object) => !isFact(object)) ? manifestsOf(own) : undefined,
            // Facts of the base hold after the change too, where it does not say otherwise.
            after: applied(own, inCluster(after, cluster), { replacePolicies: true }),
          };
        },
        onprogress,
      }),
    ),
  );
  const told = simulationJson(recorded, simulation, accepts);
  if (output === 'table') await printTold(told);
  else await writeOut(await reportOf(told, output, { version, policies }));
  const broken = breaking(told).length;
  if (broken > 0) throw new AppError('would-break', `${broken} that nobody accepted`);
}

/** What policies select and refer to. */
const isFact = ({ manifest }: SeenObject): boolean => !isPolicy(manifest);

/** Files name no cluster: they are meant for each. */
const inCluster = (objects: readonly SeenObject[], cluster: string): readonly SeenObject[] =>
  objects.map((object) => ({ ...object, key: { ...object.key, cluster } }));

const manifestsOf = (objects: readonly SeenObject[]) => objects.map(({ manifest }) => manifest);

async function reportOf(
  told: SimulationJson,
  output: Exclude<Question['output'], 'table'>,
  { version, policies }: { readonly version: string; readonly policies: string },
): Promise<string> {
  switch (output) {
    case 'json':
      return `${JSON.stringify(told, undefined, 2)}\n`;
    case 'markdown':
      return simulationMarkdown(told);
    case 'junit':
      return simulationJunit(told);
    case 'sarif':
      return simulationSarif(told, version, await placesOf(policies));
  }
}

async function placesOf(path: string): Promise<PlaceOf> {
  const documents = [...(await manifestDocuments(path))];
  return ({ kind, policy }) => {
    const [name = '', namespace = ''] = policy.split('/').reverse();
    const found = documents.find(([key]) => key.endsWith(`${kind}\n${namespace}\n${name}`));
    if (found === undefined) return undefined;
    const { file } = found[1];
    // Files of a directory are told from there on.
    return { file: file === basename(path) ? path : join(path, file) };
  };
}

async function openManifests(path: string): Promise<readonly SeenObject[]> {
  try {
    const { objects, invalid } = await readManifests({ path, cluster: '' });
    for (const { where, reason } of invalid)
      process.stderr.write(`dropwise: ${escapeControls(`${where}: ${reason}`)}; left out\n`);
    if (objects.length > 0) return objects;
    throw new AppError('bad-file', `${path} holds no manifest`);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new AppError('bad-file', `${path}: ${why}`, { cause: error });
  }
}

async function openAllowList(file: string): Promise<AllowList> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new AppError('bad-file', `${file}: ${String(error)}`, { cause: error });
  });
  return readAllowList(file, text, new Date().toISOString().slice(0, 10));
}

async function printTold(told: SimulationJson): Promise<void> {
  for (const outcome of OUTCOMES) {
    const edges = told.edges.filter((edge) => edge.outcome === outcome);
    if (edges.length === 0) continue;
    printTable(
      [outcome, 'to', 'port', 'events', 'last seen', 'how often', 'why'],
      edges.map((edge) => [
        ...[edge.from, edge.to, edge.port, String(edge.events), edge.lastAt, edge.rhythm],
        edge.accepted === null ? edge.why : `accepted: ${edge.accepted}`,
      ]),
    );
    await writeOut('\n');
  }
  for (const note of notesOf(told)) await writeOut(`${escapeControls(note)}\n`);
  await writeOut(`${summaryText(told)}\n`);
}
