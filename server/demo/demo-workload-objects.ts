import type { Manifest } from '../core/manifest.ts';
import { podLabels, type Cluster, type DemoPod, type DemoWorkload } from './cluster.ts';
import { controlledBy, demoObject } from './demo-object.ts';

const SCHEDULES: Readonly<Record<string, string>> = {
  'batch/nightly-report': '0 2 * * *',
  'batch/image-resize': '*/15 * * * *',
  'batch/data-export': '30 * * * *',
  'batch/cleanup': '0 4 * * 0',
};

/** Deployments that are scaled, and how far. */
const SCALED: Readonly<Record<string, readonly [least: number, most: number]>> = {
  'shop/frontend': [3, 12],
  'shop/checkout': [2, 8],
  'orders/worker': [2, 20],
  'data/query-api': [2, 6],
};

/** `api-7d9c5b8f6d` is the ReplicaSet of a pod, `backup-29123456` its Job. */
export const ownerName = ({ aggregateName }: DemoPod): string => aggregateName.slice(0, -2);

/** What makes the pods of a workload now and then, or changes how many there are. */
export function workloadObjects(
  { name: cluster }: Cluster,
  workload: DemoWorkload,
): readonly Manifest[] {
  const { key, namespace, name, kind } = workload;
  const template = {
    metadata: { labels: podLabels(workload) },
    spec: { serviceAccountName: name, restartPolicy: 'OnFailure' },
  };
  const [minReplicas, maxReplicas] = SCALED[key] ?? [];
  const scaler = {
    apiVersion: 'autoscaling/v2',
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind, name }, minReplicas, maxReplicas },
  };
  const schedule = SCHEDULES[key];
  return [
    ...(maxReplicas === undefined
      ? []
      : [demoObject(cluster, 'HorizontalPodAutoscaler', { name, namespace }, scaler)]),
    ...(schedule === undefined
      ? []
      : [
          demoObject(
            cluster,
            'CronJob',
            { name, namespace },
            { apiVersion: 'batch/v1', spec: { schedule, jobTemplate: { spec: { template } } } },
          ),
          ...workload.pods.map((pod) =>
            demoObject(
              cluster,
              'Job',
              {
                ...{ name: ownerName(pod), namespace },
                ownerReferences: controlledBy(cluster, namespace, {
                  ...{ apiVersion: 'batch/v1', kind, name },
                }),
              },
              { apiVersion: 'batch/v1', spec: { template } },
            ),
          ),
        ]),
  ];
}
