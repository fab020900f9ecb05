import { Option, type Command } from 'commander';
import { AppError } from '../core/errors.ts';
import { nanos } from '../core/time.ts';
import { systemClock } from '../lib/clock.ts';
import { auditSample } from '../operations/audit/audit-sample.ts';
import type { AuditEdgeJson, AuditJson } from '../operations/audit/audit-shapes.ts';
import { auditStored } from '../operations/audit/audit-stored.ts';
import type { AuditScope } from '../operations/audit/audit.ts';
import { percent } from '../operations/audit/gates.ts';
import { readInventory } from '../operations/read-inventory.ts';
import { closeSpan, readSpan } from '../operations/read-span.ts';
import type { Way } from '../policy/form.ts';
import { readObjects } from '../store/control/read-objects.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { outputOf, storeCommand, textFlag, type Flags, type WithStore } from './command-parts.ts';
import { escapeControls, printJson, printTable, writeOut } from './print.ts';
import { withProgress } from './progress.ts';
import { openRecorded } from './recorded-flows.ts';

const EXAMPLES = `
Examples:
  dropwise audit shop payment
  dropwise audit shop --since 30d --direction egress -o json
  dropwise audit shop --flows week.gz

The answer is 'Ready' when every gate passes and every recorded connection stays allowed. Nothing is applied.`;

type Dependencies = { readonly withStore: WithStore; dataDirectory(flags: Flags): string };

/** `dropwise audit`: what breaks if namespaces deny by default. */
export function addAudit(program: Command, { withStore, dataDirectory }: Dependencies): void {
  storeCommand(program, 'audit <namespace...>')
    .description('say what breaks if namespaces deny by default, and if that can be told yet')
    .option('--since <time>', "how far back: a duration, a range, or 'all'; default 14d")
    .addOption(
      new Option('--direction <way>').choices(['both', 'ingress', 'egress']).default('both'),
    )
    .option('--flows <file...>', "a sample of 'dropwise flows sample', instead of the store")
    .addHelpText('after', EXAMPLES)
    .action(async (namespaces: string[], flags: Flags) => {
      const scope: AuditScope = {
        namespaces: [...new Set(namespaces)].sort(),
        ways: waysOf(flags['direction']),
      };
      const files = flags['flows'];
      if (Array.isArray(files)) {
        if (textFlag(flags, 'since') !== undefined)
          throw new AppError('bad-request', '--since is of the store; a sample has its own window');
        const sample = await openRecorded(files.map(String), undefined);
        await printAudit(auditSample(sample, scope), flags);
        return;
      }
      await withStore(flags, { write: false }, async (store) => {
        await printAudit(await auditStore(store, scope, flags, dataDirectory(flags)), flags);
      });
    });
}

function waysOf(direction: unknown): readonly Way[] {
  return direction === 'ingress' || direction === 'egress' ? [direction] : ['ingress', 'egress'];
}

async function auditStore(
  store: FlowStore,
  scope: AuditScope,
  flags: Flags,
  directory: string,
): Promise<AuditJson> {
  const clock = systemClock();
  const now = nanos(clock.now());
  const since = textFlag(flags, 'since');
  const span = readSpan({ since, until: undefined }, { fallback: '14d', clock });
  const within = await closeSpan(store, span);
  using objects = readObjects(directory);
  const inventory = await readInventory(objects, now);
  return await withProgress('audit', (onprogress) =>
    auditStored(store, { scope, within, now, snapshot: inventory.current(), onprogress }),
  );
}

async function printAudit(audit: AuditJson, flags: Flags): Promise<void> {
  const { edges, namespaces } = audit;
  if (edges.observed + edges.denied === 0)
    throw new AppError('not-found', `no connection of ${namespaces.join(', ')} was recorded`);
  if (outputOf(flags) === 'json') {
    printJson(audit);
    return;
  }
  for (const line of headLines(audit)) await writeOut(`${escapeControls(line)}\n`);
  await writeOut('\n');
  printTable(
    ['gate', 'result', 'measured', 'what to do'],
    audit.gates.map(({ id, passes, measured, advice }) => [
      ...[id, passes ? 'pass' : 'fail', measured, advice],
    ]),
  );
  await printEdges('would break', audit.wouldBreak);
  await printEdges('undecided', audit.undecided);
}

function headLines({ ready, gates, edges, traffic, readiness }: AuditJson): readonly string[] {
  const failing = gates.filter(({ passes }) => !passes).length;
  const open = [
    ...(failing > 0 ? [`${failing} of ${gates.length} gates fail`] : []),
    ...(edges.wouldBreak > 0 ? [`${edges.wouldBreak} edges would break`] : []),
    ...(edges.undecided > 0 ? [`${edges.undecided} cannot be decided`] : []),
    ...(edges.observed === 0 ? ['no edge was allowed'] : []),
  ];
  const share = traffic.observed === 0 ? 0 : traffic.covered / traffic.observed;
  const denied = edges.denied === 0 ? '' : `; ${edges.denied} more were denied when recorded`;
  return [
    ready ? 'Ready' : `Not ready: ${open.join('; ')}`,
    `${edges.covered} of ${edges.observed} edges covered, ${percent(readiness ?? 0)}; ${percent(share)} of the traffic${denied}`,
  ];
}

async function printEdges(heading: string, edges: readonly AuditEdgeJson[]): Promise<void> {
  if (edges.length === 0) return;
  await writeOut('\n');
  printTable(
    [heading, 'to', 'port', 'events', 'last seen', 'how often', 'owner', 'why'],
    edges.map(({ from, to, port, events, lastAt, rhythm, owners, why }) => [
      ...[from, to, port, String(events), lastAt, rhythm],
      ownersText(owners),
      why,
    ]),
  );
}

function ownersText({ from, to }: AuditEdgeJson['owners']): string {
  if (from === to) return from;
  return `${from === '' ? '?' : from} → ${to === '' ? '?' : to}`;
}
