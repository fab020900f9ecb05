import { expect, test } from 'vitest';
import { hitCounts } from '../../../server/core/hit-counts.ts';
import type { Flow, PolicyHit } from '../../../server/core/flow.ts';
import { aFlow } from '../../support/flow.ts';

const hit = (differences: Partial<PolicyHit> = {}): PolicyHit => ({
  policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'web', tier: '' },
  direction: 'ingress',
  action: 'allow',
  stage: 'enforced',
  matched: 'rule',
  rule: 0,
  ...differences,
});

const counted = (flow: Flow) => hitCounts(flow).map(({ kind, count }) => [kind, count]);
const counts = aFlow().counts;

const verdict = (hits: readonly PolicyHit[], differences: Partial<Flow> = {}): Flow =>
  aFlow({ event: 'policy-verdict', direction: 'ingress', hits, ...differences });

const DROPPED = { verdict: { kind: 'dropped', reason: 'POLICY_DENY' } } as const;

const line = (hits: readonly PolicyHit[], connections = 4): Flow =>
  aFlow({ event: 'flow-log', hits, counts: { ...counts, events: 9, connections } });

test('a policy verdict counts each policy that it names, by its events', () => {
  const hits = [hit(), hit({ matched: 'policy', rule: -1 })];
  expect(counted(verdict(hits))).toEqual([
    ['allowed', 1],
    ['allowed', 1],
  ]);
  const denied = verdict([hit({ action: 'deny' })], DROPPED);
  expect(counted(denied)).toEqual([['denied', 1]]);
  expect(counted(verdict(hits.slice(0, 1), { counts: { ...counts, events: 12 } }))).toEqual([
    ['allowed', 12],
  ]);
});

test('an agent that lists allowing policies on a dropped flow does not make them hits: the verdict wins', () => {
  expect(counted(verdict([hit()], DROPPED))).toEqual([]);
});

test('the verdict of one side is no hit of what the other side lists', () => {
  expect(counted(verdict([hit({ direction: 'egress' })]))).toEqual([]);
});

test.each(['trace', 'drop', 'l7', 'socket', 'capture', 'unknown'] as const)(
  'a %s event counts nothing, since the verdict of its connection did',
  (event) => {
    expect(hitCounts(aFlow({ event, hits: [hit()] }))).toEqual([]);
  },
);

test('what audit mode let through is staged', () => {
  const flow = verdict([hit({ action: 'deny' })], { verdict: { kind: 'audit' } });
  expect(counted(flow)).toEqual([['staged', 1]]);
});

test('a flow-log line counts the connections that began, passes as well', () => {
  const hits = [hit({ action: 'pass' }), hit({ action: 'deny', matched: 'policy', rule: -1 })];
  expect(counted(line(hits))).toEqual([
    ['passed', 4],
    ['denied', 4],
  ]);
});

test('a line of connections that were already open, or that does not count them, adds nothing', () => {
  expect(counted(line([hit()], 0))).toEqual([['allowed', 0]]);
  expect(counted(line([hit()], -1))).toEqual([['allowed', 0]]);
});

test('the witness of an end of tier and a profile are never hit', () => {
  const hits = [
    hit({ matched: 'end-of-tier', action: 'deny', rule: -1 }),
    hit({ matched: 'profile' }),
  ];
  expect(hitCounts(line(hits))).toEqual([]);
  expect(hitCounts(verdict(hits))).toEqual([]);
});

test('of a pending trace only staged policies count, and transit hits never do', () => {
  const staged = hit({
    stage: 'pending',
    action: 'deny',
    policy: { kind: 'StagedNetworkPolicy', namespace: 'shop', name: 'next', tier: 'default' },
  });
  const hits = [staged, hit({ stage: 'pending' }), hit({ stage: 'transit' })];
  expect(hitCounts(line(hits))).toEqual([{ hit: staged, kind: 'staged', count: 4 }]);
  expect(hitCounts(verdict(hits))).toEqual([]);
});

test('an action that is not known is not counted as allowed', () => {
  expect(hitCounts(verdict([hit({ action: 'unknown' })]))).toEqual([]);
});
