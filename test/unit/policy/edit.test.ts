import { expect, test } from 'vitest';
import { edited, editedText, type Edit } from '../../../server/policy/suggest/edit.ts';
import { manifestsOf } from '../../support/calico-cluster.ts';

const POLICY = `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: no-legacy}   # by hand
spec:
  ingress:
    # Nobody talks to the old ones.
    - action: Deny
    - action: Allow # the rest
`;

const before = (at: number): Edit => ({
  ...{ kind: 'insert', path: ['spec', 'ingress', at], value: { action: 'Pass' } },
});

test('a rule stands before another, whose comment stays with it', () => {
  const { before: old, after } = editedText(POLICY, [before(0)]);
  expect(old).toBe(POLICY);
  expect(after).toBe(POLICY.replace('    # Nobody', '    - action: Pass\n    # Nobody'));
});

test('changes are made one after the other, each to what those before it left', () => {
  const more: Edit = { kind: 'append', path: ['spec', 'types'], value: 'Ingress' };
  const order: Edit = { kind: 'set', path: ['spec', 'order'], value: 10 };
  const edits = [before(1), before(2), more, order];
  const [manifest] = manifestsOf(POLICY);
  const after = edits.reduce(edited, manifest!);
  expect(after['spec']).toEqual({
    ingress: [{ action: 'Deny' }, { action: 'Pass' }, { action: 'Pass' }, { action: 'Allow' }],
    types: ['Ingress'],
    order: 10,
  });
  expect(manifestsOf(editedText(POLICY, edits).after)).toEqual([after]);
  expect(manifestsOf(POLICY)).toEqual([manifest]);
});
