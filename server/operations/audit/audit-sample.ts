import { nanos, type TimeWindow } from '../../core/time.ts';
import { auditJson } from './audit-json.ts';
import type { AuditJson } from './audit-shapes.ts';
import type { AuditOptions, AuditScope } from './audit.ts';
import type { Recorded } from './recorded.ts';
import type { Sample } from './sample-file.ts';

const COMING_AND_GOING: ReadonlySet<string> = new Set([
  'CronJob',
  'Job',
  'HorizontalPodAutoscaler',
]);

/** Audits a sample. How completely its window was recorded, it does not say. */
export function auditSample(
  { recorded, objects }: Sample,
  scope: AuditScope,
  onprogress?: AuditOptions['onprogress'],
): AuditJson {
  const facts = {
    ...{ asked: recorded.window, stored: seenSpan(recorded), watched: undefined },
    events: undefined,
    // All objects of the inventory are in it, so without any there was none.
    knowsPolicies: objects.length > 0,
    knowsSchedules: objects.some(({ key }) => COMING_AND_GOING.has(key.kind)),
  };
  return auditJson(recorded, facts, {
    scope,
    objectsOf: ({ cluster }) =>
      objects.filter(({ key }) => key.cluster === cluster || key.cluster === ''),
    ...(onprogress && { onprogress }),
  });
}

function seenSpan({ clusters }: Recorded): TimeWindow | undefined {
  const edges = clusters.flatMap((cluster) => cluster.edges.map(({ edge }) => edge));
  const [first] = edges;
  if (first === undefined) return undefined;
  return edges.reduce<TimeWindow>(
    ({ from, to }, { firstAt, lastAt }) => ({
      from: firstAt < from ? firstAt : from,
      to: lastAt >= to ? nanos(lastAt + 1n) : to,
    }),
    { from: first.firstAt, to: nanos(first.lastAt + 1n) },
  );
}
