import { describe, expect, test } from 'vitest';
import type { PodPoliciesResponse } from '../../../server/http/contract.ts';
import { marksOf, waysWords } from '../../../web/src/words/pod.ts';

type PodPolicy = PodPoliciesResponse['policies'][number];

const policy = (name: string, differences: Partial<PodPolicy> = {}): PodPolicy => ({
  ...{ id: `NetworkPolicy/shop/${name}`, cluster: 'east', directions: ['ingress'] },
  policy: { kind: 'NetworkPolicy', namespace: 'shop', name, tier: '' },
  ...{ staged: false, enforced: true, pods: 1, unsure: false },
  ...differences,
});

const shown = (
  isolated: number,
  differences: Partial<PodPoliciesResponse> = {},
  { pods = 1, unsure = 0 } = {},
): PodPoliciesResponse => ({
  ...{ at: '2026-05-03T10:00:00Z', by: 'pod', pods: [], policies: [], untold: [] },
  isolation: [{ cluster: 'east', way: 'ingress', pods, isolated, unsure }],
  ...differences,
});

const said = (answer: PodPoliciesResponse) => waysWords(answer)[0];

describe('what is said of one direction', () => {
  test('no policy selects it', () => {
    expect(said(shown(0))).toMatchObject({
      state: 'open',
      sentence: 'Not isolated for ingress: no policy selects it, so everything is allowed.',
    });
  });

  test('policies select it, and none of them isolates', () => {
    expect(said(shown(0, { policies: [policy('admin')] }))).toMatchObject({
      state: 'open',
      sentence: 'Not isolated for ingress: what none of these policies denies is allowed.',
    });
  });

  test('what is staged or not enforced is no policy that selects it, and stands last', () => {
    const policies = [policy('a', { staged: true }), policy('b', { enforced: false })];
    const words = said(shown(0, { policies }));
    expect(words?.sentence).toContain('no policy selects it');
    const isolating = said(shown(1, { policies: [...policies, policy('z')] }));
    expect(isolating?.state).toBe('isolated');
    expect(isolating?.policies.map(({ policy: { name } }) => name)).toEqual(['z', 'a', 'b']);
  });

  test('nothing is claimed where policies of a kind were not told', () => {
    const words = said(shown(0, { untold: ['CiliumNetworkPolicy.cilium.io'] }));
    expect(words?.state).toBe('unsure');
    expect(words?.sentence).toContain('That proves nothing: of 1 kind of policies');
    expect(words?.sentence).toContain('CiliumNetworkPolicy.cilium.io');
    // That it is isolated does not depend on others.
    expect(said(shown(1, { untold: ['x'] }))?.state).toBe('isolated');
  });

  test('some pods of a workload are isolated and others are not', () => {
    expect(said(shown(1, { by: 'workload' }, { pods: 3 }))).toMatchObject({
      state: 'partly',
      sentence: expect.stringContaining('1 of 3 pods are isolated for ingress') as string,
    });
  });

  test('a fact that decides is missing, or no policy applies at all', () => {
    expect(said(shown(0, {}, { unsure: 1 }))?.state).toBe('unsure');
    expect(said(shown(0, {}, { pods: 0 }))).toMatchObject({
      state: 'not-subject',
      sentence: 'It shares the network of the node, where no policy for pods applies.',
    });
  });

  test('policies of the other direction and of other clusters are not its own', () => {
    const policies = [policy('out', { directions: ['egress'] }), policy('west', { cluster: 'w' })];
    expect(said(shown(0, { policies }))?.policies).toEqual([]);
  });
});

test('a policy is marked with what a person would otherwise get wrong', () => {
  expect(marksOf(policy('a'), 1)).toEqual([]);
  expect(marksOf(policy('a', { pods: 1 }), 3)).toEqual(['selects 1 of 3 pods']);
  expect(marksOf(policy('a', { pods: 0, unsure: true, staged: true }), 1)).toEqual([
    'staged, so it decides nothing',
    'may select it',
  ]);
});
