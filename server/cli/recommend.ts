import type { Command } from 'commander';
import { Option } from 'commander';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { endText } from '../operations/audit/edge-ends.ts';
import { namespacesOf, type RecordedCluster } from '../operations/audit/recorded.ts';
import { recommendRecorded, type RecommendedSet } from '../operations/audit/recommend-recorded.ts';
import { recommendedFiles } from '../operations/audit/recommended-files.ts';
import type { Family, Way } from '../policy/form.ts';
import { textFlag, type Flags } from './command-parts.ts';
import { escapeControls, writeOut } from './print.ts';
import { openRecorded } from './recorded-flows.ts';

const DIALECTS = { kubernetes: 'k8s', cilium: 'cilium', calico: 'calico' } as const;
type DialectName = keyof typeof DIALECTS;

const EXAMPLES = `
Examples:
  dropwise flows sample week.gz --since 14d && dropwise recommend shop --flows week.gz
  dropwise recommend shop payment --flows week.gz --dialect cilium --out policies/

Each rule says above it what it was made of. Existing policies of the sample stay as they are and are not
repeated. Nothing is applied.`;

/** `dropwise recommend`: least-privilege policies for what was recorded. */
export function addRecommend(program: Command): void {
  program
    .command('recommend <namespace...>')
    .description(
      'write the policies that let what was recorded go on when namespaces deny by default; docs/audit.md',
    )
    .requiredOption('--flows <file...>', "a sample of 'dropwise flows sample', or files of flows")
    .addOption(new Option('--dialect <name>').choices(Object.keys(DIALECTS)).default('kubernetes'))
    .addOption(
      new Option('--direction <way>').choices(['both', 'ingress', 'egress']).default('both'),
    )
    .option('--out <directory>', 'write files there; else everything is printed')
    .addHelpText('after', EXAMPLES)
    .action(async (namespaces: string[], flags: Flags) => {
      const { recorded, objects } = await openRecorded(flowFiles(flags), undefined);
      const sets = recorded.clusters.flatMap((cluster) => {
        const known = new Set(namespacesOf(cluster));
        const own = namespaces.filter((namespace) => known.has(namespace));
        if (own.length === 0) return [];
        const manifests = objects
          .filter(({ key }) => key.cluster === cluster.cluster || key.cluster === '')
          .map(({ manifest }) => manifest);
        const scope = { namespaces: own, ways: waysOf(flags), family: familyOf(flags) };
        return { cluster, set: recommendRecorded(cluster, manifests, scope) };
      });
      if (sets.length === 0)
        throw new AppError('not-found', `no flow of ${namespaces.join(', ')} was recorded`);
      for (const { cluster, set } of sets)
        await writeSet(cluster, set, { out: textFlag(flags, 'out'), many: sets.length > 1 });
    });
}

const flowFiles = (flags: Flags): readonly string[] =>
  Array.isArray(flags['flows']) ? flags['flows'].map(String) : [];

const familyOf = (flags: Flags): Family =>
  DIALECTS[(textFlag(flags, 'dialect') ?? 'kubernetes') as DialectName];

function waysOf(flags: Flags): readonly Way[] {
  const way = flags['direction'];
  return way === 'ingress' || way === 'egress' ? [way] : ['ingress', 'egress'];
}

async function writeSet(
  { cluster }: RecordedCluster,
  set: RecommendedSet,
  { out, many }: { readonly out: string | undefined; readonly many: boolean },
): Promise<void> {
  const files = recommendedFiles(set);
  if (out === undefined) {
    for (const { path, text } of files)
      if (!path.endsWith('kustomization.yaml')) await writeOut(`# ${path}\n---\n${text}`);
  } else {
    const folder = many ? join(out, cluster) : out;
    for (const { path, text } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await writeOut(
      `${folder}: ${files.length} files, ${set.drafts.length} policies and ${set.isolating.length} that deny by default\n`,
    );
  }
  const open = set.open.map(({ of, way, why }) => {
    const edge = `${endText(of.source)} → ${endText(of.destination)} ${of.port}/${of.protocol}`;
    return `dropwise: ${escapeControls(`${edge}, ${way}: ${why}`)}; left open\n`;
  });
  // Pods of a workload are told of once.
  for (const line of new Set(open)) process.stderr.write(line);
}
