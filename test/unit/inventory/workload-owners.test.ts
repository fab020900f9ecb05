import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../server/core/manifest.ts';
import { createWorkloadOwners } from '../../../server/inventory/workload-owners.ts';

type Owner = { readonly kind: string; readonly name: string; readonly controller?: boolean };

const owned = (kind: string, name: string, owners: readonly Owner[], labels = {}): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    ...{ name, namespace: 'shop', labels },
    ownerReferences: owners.map((owner) => ({ controller: true, ...owner })),
  },
});

const JOBS = [
  owned('Job', 'backup-29123456', [{ kind: 'CronJob', name: 'backup' }]),
  owned('Job', 'migrate-20260503', []),
];

describe('the workload of a pod', () => {
  test.each<readonly [string, Manifest, { kind: string; name: string } | undefined]>([
    [
      'behind a ReplicaSet that bears the hash of the template: its Deployment',
      owned('Pod', 'cart-x', [{ kind: 'ReplicaSet', name: 'cart-v2-6d5f8' }], {
        'pod-template-hash': '6d5f8',
      }),
      { kind: 'Deployment', name: 'cart-v2' },
    ],
    [
      'behind a ReplicaSet of a rollout',
      owned('Pod', 'cart-x', [{ kind: 'ReplicaSet', name: 'cart-6d5f8' }], {
        'rollouts-pod-template-hash': '6d5f8',
      }),
      { kind: 'Rollout', name: 'cart' },
    ],
    [
      'a ReplicaSet that no Deployment made',
      owned('Pod', 'cart-x', [{ kind: 'ReplicaSet', name: 'cart-6d5f8' }]),
      { kind: 'ReplicaSet', name: 'cart-6d5f8' },
    ],
    [
      'behind a Job that a CronJob made: the CronJob',
      owned('Pod', 'backup-x', [{ kind: 'Job', name: 'backup-29123456' }]),
      { kind: 'CronJob', name: 'backup' },
    ],
    [
      'a Job that a person made, whatever it is called',
      owned('Pod', 'migrate-x', [{ kind: 'Job', name: 'migrate-20260503' }]),
      { kind: 'Job', name: 'migrate-20260503' },
    ],
    [
      'behind a Job that is gone and is called as a CronJob calls its Jobs',
      owned('Pod', 'report-x', [{ kind: 'Job', name: 'report-29120000' }]),
      { kind: 'CronJob', name: 'report' },
    ],
    [
      'a Job that is gone and has any other name',
      owned('Pod', 'seed-x', [{ kind: 'Job', name: 'seed-2' }]),
      { kind: 'Job', name: 'seed-2' },
    ],
    [
      'a StatefulSet',
      owned('Pod', 'redis-0', [{ kind: 'StatefulSet', name: 'redis' }]),
      { kind: 'StatefulSet', name: 'redis' },
    ],
    [
      'that of the owner who controls it, among several',
      owned('Pod', 'agent-x', [
        { kind: 'Backup', name: 'b', controller: false },
        { kind: 'DaemonSet', name: 'agent' },
      ]),
      { kind: 'DaemonSet', name: 'agent' },
    ],
    [
      'none, where a node made it',
      owned('Pod', 'etcd-n1', [{ kind: 'Node', name: 'n1' }]),
      undefined,
    ],
    ['none, where a person made it', owned('Pod', 'shell', []), undefined],
  ])('%s', (_, pod, owner) => {
    expect(createWorkloadOwners(JOBS).of(pod)).toEqual(owner);
  });
});
