import { formatTime } from '../../core/time.ts';
import { NO_EXCEPTIONS } from './allow-list.ts';
import type { AuditEdgeJson, AuditJson, EdgeOwners } from './audit-shapes.ts';
import { auditRecorded, concerns, type Audit, type AuditOptions, type Standing } from './audit.ts';
import { gatesOf, type AuditFacts } from './gates.ts';
import { createOwners } from './owners.ts';
import type { Recorded } from './recorded.ts';
import { scheduledIn } from './schedules.ts';
import { byUse, edgeJson, type SimulatedEdgeJson } from './simulation-json.ts';

/** Audits what was recorded. Equal input gives an equal answer. */
export function auditJson(recorded: Recorded, facts: AuditFacts, options: AuditOptions): AuditJson {
  const { scope, objectsOf } = options;
  const audit = auditRecorded(recorded, options);
  const scheduled = recorded.clusters.flatMap((cluster) =>
    scheduledIn(cluster, objectsOf(cluster), scope.namespaces),
  );
  const gates = gatesOf(facts, audit, { scope, scheduled });
  const of = (standing: Standing): Audit['edges'] =>
    audit.edges.filter((edge) => edge.standing === standing);
  const [covered, wouldBreak, undecided] = [of('covered'), of('would-break'), of('undecided')];
  const observed = covered.length + wouldBreak.length + undecided.length;
  const list = edgeLister(recorded, options);
  return {
    window: { from: formatTime(recorded.window.from), to: formatTime(recorded.window.to) },
    ...{ namespaces: scope.namespaces, directions: scope.ways },
    ready: observed > 0 && covered.length === observed && gates.every(({ passes }) => passes),
    gates,
    edges: {
      ...{ observed, covered: covered.length },
      ...{ wouldBreak: wouldBreak.length, undecided: undecided.length },
      denied: of('denied').length,
    },
    traffic: {
      observed: passed(covered) + passed(wouldBreak) + passed(undecided),
      covered: passed(covered),
    },
    readiness: observed === 0 ? null : covered.length / observed,
    ...{ wouldBreak: list(wouldBreak), undecided: list(undecided), scheduled },
    leftOut: { noConnection: recorded.left, tooMany: recorded.untold },
  };
}

const passed = (edges: Audit['edges']): number =>
  edges.reduce((sum, { edge: { events } }) => sum + events.allowed + events.audited, 0);

function edgeLister(
  { clusters }: Recorded,
  { scope, objectsOf }: AuditOptions,
): (edges: Audit['edges']) => readonly AuditEdgeJson[] {
  const owners = new Map(
    clusters.flatMap((cluster) => {
      const ownersOf = createOwners(objectsOf(cluster));
      return cluster.edges
        .filter(({ edge }) => concerns(scope, edge))
        .map(({ edge, rows }) => [edge, ownersOf(rows)] as const);
    }),
  );
  return (edges) =>
    edges
      .map((each) => {
        const outcome = each.standing === 'undecided' ? 'undecided' : each.outcome;
        const told = edgeJson({ ...each, outcome }, NO_EXCEPTIONS);
        return auditEdge(told, owners.get(each.edge) ?? { from: '', to: '' });
      })
      .sort(byUse);
}

const auditEdge = (told: SimulatedEdgeJson, owners: EdgeOwners): AuditEdgeJson => ({
  ...{ from: told.from, to: told.to, port: told.port, cluster: told.cluster, owners },
  ...{ why: told.why, decidedBy: told.decidedBy, missing: told.missing },
  ...{ events: told.events, share: told.share, firstAt: told.firstAt, lastAt: told.lastAt },
  ...{ rhythm: told.rhythm, seenAt: told.seenAt, example: told.example },
});
