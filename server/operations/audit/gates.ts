import type { TimeWindow } from '../../core/time.ts';
import type { Gate, Scheduled } from './audit-shapes.ts';
import type { Audit, AuditScope } from './audit.ts';
import { endText } from './edge-ends.ts';

/** What is known of the evidence. `undefined`: nobody kept it. */
export type AuditFacts = {
  readonly asked: TimeWindow;
  /** From the oldest flow that is kept to the newest. */
  readonly stored: TimeWindow | undefined;
  /** Share of the window in which every source was watched, 0 to 1. */
  readonly watched: number | undefined;
  /** Events of the window; `lost` and not read; gaps whose loss nobody counted. */
  readonly events:
    { readonly seen: number; readonly lost: number; readonly uncounted: number } | undefined;
  /** Whether the inventory tells all policies, and all that comes and goes by itself. */
  readonly knowsPolicies: boolean;
  readonly knowsSchedules: boolean;
};

const NANOS_PER_HOUR = 3_600_000_000_000n;
/** A week, less an hour: the first flow of a window is never seen at its very begin. */
const WEEK_HOURS = 7 * 24 - 1;
const WATCHED = 0.99;
const MOST_LOST = 0.001;

export const gatesOf = (
  facts: AuditFacts,
  audit: Audit,
  { scope, scheduled }: { readonly scope: AuditScope; readonly scheduled: readonly Scheduled[] },
): readonly Gate[] => [
  windowGate(facts),
  coverageGate(facts),
  lostGate(facts),
  policiesGate(facts),
  dnsGate(audit, scope),
  scheduleGate(facts, scheduled),
];

const gate = (id: Gate['id'], passes: boolean, measured: string, advice: string): Gate => ({
  ...{ id, passes, measured },
  advice: passes ? '' : advice,
});

function windowGate({ asked, stored }: AuditFacts): Gate {
  const from = stored !== undefined && stored.from > asked.from ? stored.from : asked.from;
  const to = stored !== undefined && stored.to < asked.to ? stored.to : asked.to;
  const hours = stored === undefined || to <= from ? 0 : Number((to - from) / NANOS_PER_HOUR);
  const measured = `${(hours / 24).toFixed(1)} days of flows`;
  return gate('window', hours >= WEEK_HOURS, measured, 'audit a window of 7 days or more');
}

const SAMPLE_ADVICE = 'a sample does not keep it: audit where the flows are stored';

function coverageGate({ watched }: AuditFacts): Gate {
  if (watched === undefined) return gate('coverage', false, 'not known', SAMPLE_ADVICE);
  const advice = "'dropwise sources' and the Sources page tell which source was not watched";
  return gate('coverage', watched >= WATCHED, `${percent(watched)} watched`, advice);
}

function lostGate({ events }: AuditFacts): Gate {
  if (events === undefined) return gate('lost', false, 'not known', SAMPLE_ADVICE);
  const { seen, lost, uncounted } = events;
  const share = lost === 0 ? 0 : lost / (lost + seen);
  const gaps = uncounted === 0 ? '' : `, and ${uncounted} gaps of which nobody knows how many`;
  const measured = `${lost} of ${lost + seen} events lost${gaps}`;
  const advice = 'the Sources page tells at which stage; enlarge the buffer of that stage';
  return gate('lost', uncounted === 0 && share <= MOST_LOST, measured, advice);
}

const policiesGate = ({ knowsPolicies }: AuditFacts): Gate =>
  gate(
    'policies',
    knowsPolicies,
    knowsPolicies ? 'the inventory tells the policies' : 'nobody tells which policies there are',
    'configure an inventory source: docs/inventory.md',
  );

/** Numbers of DNS, of OpenShift's pods too. */
const DNS_PORTS: ReadonlySet<number> = new Set([53, 5_353]);

function dnsGate({ edges }: Audit, { namespaces, ways }: AuditScope): Gate {
  if (!ways.includes('egress')) return gate('dns', true, 'no egress is isolated', '');
  const found = namespaces.map((namespace) => {
    const own = edges.filter(({ edge }) => isDnsOf(edge, namespace));
    return { namespace, word: own.length === 0 ? 'not seen' : dnsWord(own) };
  });
  const passes = found.every(({ word }) => word === 'allowed' || word === BY_RULE);
  const measured = found.map(({ namespace, word }) => `${namespace}: ${word}`).join(', ');
  const advice = 'see that its pods ask the DNS of the cluster, and allow it in every policy';
  return gate('dns', passes, measured, advice);
}

function isDnsOf({ source, destination, port }: Audit['edges'][number]['edge'], namespace: string) {
  if (source.kind !== 'workload' || source.namespace !== namespace) return false;
  if (!DNS_PORTS.has(port)) return false;
  // Caches of nodes have link-local addresses.
  return destination.kind === 'address'
    ? endText(destination).startsWith('169.254.')
    : destination.kind !== 'name';
}

const BY_RULE = "needs the rule that 'dropwise recommend' writes";

function dnsWord(edges: Audit['edges']): string {
  if (edges.every(({ standing }) => standing === 'covered')) return 'allowed';
  if (edges.every(({ standing }) => standing === 'denied')) return 'denied when it was recorded';
  if (edges.some(({ standing }) => standing === 'undecided')) return 'undecided';
  // A rule that denies is stronger than one that is added.
  const isDenied = edges.some(({ ends }) => ends.some(({ reason }) => reason === 'rule-deny'));
  return isDenied ? 'denied by a rule' : BY_RULE;
}

const MOST_NAMED = 10;

function scheduleGate({ knowsSchedules }: AuditFacts, scheduled: readonly Scheduled[]): Gate {
  if (!knowsSchedules)
    return gate(
      'schedule',
      false,
      'nobody tells which CronJobs, Jobs and HPAs there are',
      'configure an inventory source that may read them: docs/inventory.md',
    );
  const unseen = scheduled.filter(({ seen }) => !seen);
  const names = unseen.map(({ kind, namespace, name, when }) =>
    [`${kind} ${namespace}/${name}`, when].filter(Boolean).join(' '),
  );
  const more = names.length > MOST_NAMED ? `, and ${names.length - MOST_NAMED} more` : '';
  const list = names.length === 0 ? '' : `; not seen: ${names.slice(0, MOST_NAMED).join(', ')}`;
  return gate(
    'schedule',
    unseen.length === 0,
    `${scheduled.length - unseen.length} of ${scheduled.length} seen in the window${list}${more}`,
    'let each run once, or audit a window in which it ran',
  );
}

/** Rounded down: nothing short of all is 100 %. */
export const percent = (share: number): string =>
  `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`;
