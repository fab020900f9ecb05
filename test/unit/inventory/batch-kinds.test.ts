import { expect, test } from 'vitest';
import type { Manifest } from '../../../server/core/manifest.ts';
import { podOfTemplate } from '../../../server/core/pod-template.ts';
import { seen } from '../../support/objects.ts';

const TEMPLATE = {
  metadata: { labels: { app: 'backup' }, annotations: { checksum: 'a' } },
  spec: {
    serviceAccountName: 'backup',
    containers: [{ name: 'main', image: 'backup:1', env: [{ name: 'PASSWORD', value: 'geheim' }] }],
    volumes: [{ name: 'keys', secret: { secretName: 'keys' } }],
  },
};

const cronJob = (differences: Readonly<Record<string, unknown>> = {}): Manifest => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'backup', namespace: 'shop', annotations: { 'tool/token': 'geheim' } },
  spec: {
    ...{ schedule: '*/5 * * * *', timeZone: 'Etc/UTC', successfulJobsHistoryLimit: 3 },
    jobTemplate: { spec: { backoffLimit: 2, template: TEMPLATE } },
  },
  status: { lastScheduleTime: '2026-05-03T10:00:00Z' },
  ...differences,
});

test('a CronJob is kept with its schedule and what its pods will be, and holds no secret', () => {
  const { manifest } = seen(cronJob());
  expect(manifest).toEqual({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'backup', namespace: 'shop' },
    spec: {
      ...{ schedule: '*/5 * * * *', timeZone: 'Etc/UTC' },
      jobTemplate: {
        spec: {
          template: {
            metadata: { labels: { app: 'backup' } },
            spec: {
              serviceAccountName: 'backup',
              containers: [{ name: 'main', image: 'backup:1' }],
            },
          },
        },
      },
    },
  });
  expect(podOfTemplate(manifest)?.metadata.labels).toEqual({ app: 'backup' });
});

test('that a CronJob ran makes no version of it; that its schedule changed does', () => {
  const { hash } = seen(cronJob());
  const ran = cronJob({ status: { lastScheduleTime: '2026-05-03T10:05:00Z', active: [{}] } });
  expect(seen(ran).hash).toBe(hash);
  const moved = cronJob({ spec: { ...(cronJob()['spec'] as object), schedule: '0 2 * * *' } });
  expect(seen(moved).hash).not.toBe(hash);
});

test('a Job is kept with who made it, and its progress makes no version', () => {
  const job = (status: object): Manifest => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...{ name: 'backup-29123456', namespace: 'shop' },
      ownerReferences: [{ kind: 'CronJob', name: 'backup', controller: true }],
    },
    spec: { template: TEMPLATE },
    status,
  });
  const { manifest, hash, key } = seen(job({ active: 1 }));
  expect(key).toMatchObject({ apiGroup: 'batch', kind: 'Job', namespace: 'shop' });
  expect(manifest.metadata['ownerReferences']).toHaveLength(1);
  expect(JSON.stringify(manifest)).not.toContain('geheim');
  expect(seen(job({ succeeded: 1, completionTime: '2026-05-03T10:01:00Z' })).hash).toBe(hash);
});

test('an autoscaler is kept with what it scales and how far, whichever version tells it', () => {
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    ...{ minReplicas: 2, maxReplicas: 9 },
  };
  for (const apiVersion of ['autoscaling/v2', 'autoscaling/v1']) {
    const { manifest, key } = seen({
      ...{ apiVersion, kind: 'HorizontalPodAutoscaler' },
      metadata: {
        ...{ name: 'web', namespace: 'shop' },
        annotations: { 'autoscaling.alpha.kubernetes.io/conditions': '[{}]' },
      },
      spec: { ...spec, metrics: [{ type: 'Resource' }], targetCPUUtilizationPercentage: 80 },
      status: { currentReplicas: 4 },
    });
    expect(key.apiGroup).toBe('autoscaling');
    expect(manifest).toEqual({
      ...{ apiVersion, kind: 'HorizontalPodAutoscaler', spec },
      metadata: { name: 'web', namespace: 'shop' },
    });
  }
});
