import type { EdgeEnd } from '../../core/edge.ts';
import { isRecord, type Manifest } from '../../core/manifest.ts';
import type { Scheduled } from './audit-shapes.ts';
import type { AuditObject } from './audit.ts';
import type { RecordedCluster } from './recorded.ts';

/** Every CronJob, Job and HPA of some namespaces; a Job of a CronJob stands with that. */
export function scheduledIn(
  { edges }: Pick<RecordedCluster, 'edges'>,
  objects: readonly AuditObject[],
  namespaces: readonly string[],
): readonly Scheduled[] {
  const ends = edges.flatMap(({ edge }) => [edge.source, edge.destination]);
  return objects
    .flatMap((object) => scheduledOf(object, ends))
    .filter(({ namespace }) => namespaces.includes(namespace))
    .sort((one, other) => (textOf(one) < textOf(other) ? -1 : 1));
}

const textOf = ({ kind, namespace, name }: Scheduled): string => `${namespace}/${name} ${kind}`;

function scheduledOf(
  { key: { namespace, name, kind }, manifest }: AuditObject,
  ends: readonly EdgeEnd[],
): readonly Scheduled[] {
  const told = { namespace, name };
  switch (kind) {
    case 'CronJob':
      return [{ ...told, kind, when: scheduleOf(manifest), seen: ends.some(runOf(told)) }];
    case 'Job':
      return isOfCronJob(manifest)
        ? []
        : [{ ...told, kind, when: '', seen: ends.some(runOf(told)) }];
    case 'HorizontalPodAutoscaler': {
      const target = targetOf(manifest);
      const when = target === '' ? '' : `of ${target}`;
      return [{ ...told, kind, when, seen: ends.some(runOf({ namespace, name: target })) }];
    }
    default:
      return [];
  }
}

/** What controllers put behind the name of a run, and that of a pod: never a vowel, which tells it from a word. */
const RUN = /^(?:-\d{8,10})?(?:-[bcdfghjklmnpqrstvwxz2456789]{5})?$/;

const runOf =
  ({ namespace, name }: { readonly namespace: string; readonly name: string }) =>
  (end: EdgeEnd): boolean => {
    if (end.kind !== 'workload' || end.namespace !== namespace) return false;
    if (end.workload === name) return true;
    // Records that know no owner, or only the Job, name that.
    const isOwned = end.workloadKind !== '' && end.workloadKind !== 'Job';
    return !isOwned && end.workload.startsWith(name) && RUN.test(end.workload.slice(name.length));
  };

const fieldOf = (manifest: Manifest, field: string): unknown =>
  isRecord(manifest['spec']) ? manifest['spec'][field] : undefined;

function scheduleOf(manifest: Manifest): string {
  const schedule = fieldOf(manifest, 'schedule');
  const suspended = fieldOf(manifest, 'suspend') === true ? ', suspended' : '';
  return typeof schedule === 'string' ? `(${schedule}${suspended})` : '';
}

function targetOf(manifest: Manifest): string {
  const target = fieldOf(manifest, 'scaleTargetRef');
  return isRecord(target) && typeof target['name'] === 'string' ? target['name'] : '';
}

function isOfCronJob({ metadata }: Manifest): boolean {
  const owners = metadata['ownerReferences'];
  return (
    Array.isArray(owners) && owners.some((each) => isRecord(each) && each['kind'] === 'CronJob')
  );
}
