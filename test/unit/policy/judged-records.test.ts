import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../server/core/flow.ts';
import type { Manifest } from '../../../server/core/manifest.ts';
import type { Dataplane } from '../../../server/policy/facts.ts';
import { judgedOf } from '../../../server/policy/flow-judged.ts';
import { suggest } from '../../../server/policy/suggest/suggest.ts';
import { engineOf, FACTS } from '../../conformance/policy-arbitrary.ts';
import { aDrop, aFlow } from '../../support/flow.ts';

/** What a record settles that no policy and no snapshot tells. */

const POD = {
  ...aFlow({}).source,
  namespace: 'a',
  pod: 'x-1',
  workload: 'x',
  labels: ['k8s:app=x'],
};
const ELSEWHERE = {
  ...POD,
  kind: 'unknown',
  namespace: '',
  pod: '',
  workload: '',
  labels: [],
} as const;

function weighed(flow: Flow, dataplane: Dataplane, policies: readonly Manifest[]) {
  const engine = engineOf(policies, FACTS, dataplane);
  const judged = judgedOf(flow, { facts: FACTS, dataplane, icmp: undefined });
  const builder = {
    build: (manifests: readonly Manifest[]) => engineOf(manifests, FACTS, dataplane),
  };
  return {
    ...engine.judge(judged),
    suggest: () => suggest({ manifests: policies, engine, builder, judged }),
  };
}

const verdictOf = (...asked: Parameters<typeof weighed>) => weighed(...asked).verdict;

const cilium = (spec: object): Manifest => ({
  ...{ apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy' },
  metadata: { name: 'c', namespace: 'a' },
  spec: { endpointSelector: {}, ...spec },
});

describe('an address that nobody knows', () => {
  const flow = aFlow({
    ...{ source: ELSEWHERE, destination: POD },
    ...{ sourceIp: '10.0.0.77', reply: 'no' },
  });
  const from = (...ingress: readonly object[]) => verdictOf(flow, 'cilium', [cilium({ ingress })]);

  test('is let in where the policies let in a pod and what is outside', () => {
    expect(from({ fromEntities: ['cluster', 'world'] })).toBe('allow');
    expect(from({ fromEntities: ['cluster'] }, { fromCIDR: ['0.0.0.0/0'] })).toBe('allow');
    expect(from({ fromEntities: ['cluster'] }, { fromCIDR: ['10.0.0.0/24'] })).toBe('allow');
  });

  test('is open where they differ, or ask for labels', () => {
    expect(from({ fromEntities: ['cluster'] })).toBe('undetermined');
    expect(from({ fromEntities: ['world'] })).toBe('undetermined');
    expect(from({ fromEndpoints: [{}] }, { fromEntities: ['world'] })).toBe('undetermined');
    expect(from({ fromEntities: ['cluster'] }, { fromCIDR: ['10.9.0.0/24'] })).toBe('undetermined');
  });

  test('is kept out where neither gets in', () => {
    expect(from({ fromEntities: ['host'] })).toBe('deny');
  });
});

describe('a drop for want of authentication', () => {
  const policies = [
    cilium({ ingress: [{ fromEntities: ['all'], authentication: { mode: 'required' } }] }),
  ];
  const drop = (reason: string) =>
    aDrop({
      ...{ source: { ...POD, pod: 'y-2', labels: ['k8s:app=y'] }, destination: POD },
      ...{ sourceIp: '10.0.0.2', destinationIp: '10.0.0.1', reply: 'no' },
      verdict: { kind: 'dropped', reason },
    });

  test('settles that the ends had not authenticated each other', () => {
    const { verdict, ingress } = weighed(drop('AUTH_REQUIRED'), 'cilium', policies);
    expect(verdict).toBe('deny');
    expect(ingress).toMatchObject({
      reason: 'auth-failed',
      rules: [{ policy: { ref: { name: 'c' } } }],
    });
  });

  test('suggests no rule that lets in who has not', () => {
    expect(weighed(drop('AUTH_REQUIRED'), 'cilium', policies).suggest()).toMatchObject({
      ...{ kind: 'none', why: expect.stringContaining('their authentication') as string },
    });
  });

  test('another drop leaves it open', () => {
    expect(verdictOf(drop('POLICY_DENIED'), 'cilium', policies)).toBe('undetermined');
  });
});

describe('a network set of Calico in place of an address', () => {
  const set = (name: string, label: string): Manifest => ({
    ...{ apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkSet' },
    metadata: { name, labels: { net: label } },
    spec: { nets: ['203.0.113.0/24'] },
  });
  const to = (label: string): readonly Manifest[] => [
    ...[set('office', 'office'), set('bank', 'bank')],
    {
      ...{ apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkPolicy' },
      metadata: { name: 'default.out' },
      spec: {
        ...{ selector: 'all()', types: ['Egress'] },
        egress: [{ action: 'Allow', destination: { selector: `net == '${label}'` } }],
      },
    },
  ];
  const flow = (name: string) =>
    aFlow({
      ...{ source: POD, destination: { ...ELSEWHERE, kind: 'networkSet', name } },
      ...{ sourceIp: '', destinationIp: '', reply: 'no' },
    });

  test('is what selectors find by its labels', () => {
    expect(verdictOf(flow('office'), 'calico', to('office'))).toBe('allow');
  });

  test('says nothing of other sets, which may have the same address', () => {
    expect(verdictOf(flow('office'), 'calico', to('bank'))).toBe('undetermined');
  });

  test('is no pod, whatever a selector asks of pods', () => {
    expect(verdictOf(flow('office'), 'calico', to('none'))).toBe('deny');
  });

  test('leaves blocks open', () => {
    const policies = to('none').map((policy) =>
      policy.kind === 'GlobalNetworkSet'
        ? policy
        : {
            ...policy,
            spec: {
              ...{ selector: 'all()', types: ['Egress'] },
              egress: [{ action: 'Allow', destination: { nets: ['203.0.113.7/32'] } }],
            },
          },
    );
    expect(verdictOf(flow('office'), 'calico', policies)).toBe('undetermined');
  });
});
