import { describe, expect, test } from 'vitest';
import type { Explanation, RuleLine } from '../../server/core/explanation.ts';
import * as worlds from './explanation-worlds.ts';

const { explained } = worlds;

const decidingEnd = ({ ends: [first] }: Explanation) => {
  if (first === undefined) throw new Error('no end is told');
  return first;
};

const otherEnd = ({ ends: [, second] }: Explanation) => second;

/** `allow-dns spec.egress[0]`. */
const ruleName = ({ policy, path }: Pick<RuleLine, 'policy' | 'path'>): string =>
  `${policy.name} ${path}`;

const selecting = (explanation: Explanation): readonly string[] =>
  decidingEnd(explanation).selected.map(({ policy }) => policy.name);

/** Each clause of the rule that comes nearest: `peer ✗ app=cart expected, app=checkout found`. */
const clausesOf = (rule: RuleLine | undefined): readonly string[] =>
  (rule?.clauses ?? []).map(({ kind, truth, tests }) => {
    const failing = tests.filter((each) => each.truth !== 'yes');
    const found = failing.map(({ expected, actual }) => `${expected} ≠ ${actual}`);
    return [kind, { yes: '✓', no: '✗', unknown: '?' }[truth], ...found].join(' ');
  });

const after = ({ suggestion }: Explanation): string =>
  (suggestion?.parts ?? []).map((part) => part.after).join('---\n');

describe('what an explanation says', () => {
  test('1: a default deny names all that select, the nearest rule, and the end that would admit', async () => {
    const told = await explained(worlds.defaultDeny());
    expect(told.headline).toContain('2 policies select shop/cart for egress');
    expect(told).toMatchObject({
      provenance: 'evaluated',
      against: { at: expect.stringContaining('12:04:31') as string },
    });
    expect(decidingEnd(told)).toMatchObject({ way: 'egress', verdict: 'deny', looked: 3 });
    expect(selecting(told)).toEqual(['default-deny-all', 'allow-dns']);
    expect(clausesOf(decidingEnd(told).tried[0])).toEqual([
      expect.stringMatching(/^peer ✗ .*kube-system ≠ namespace shop/),
      'port ✗ 53 ≠ 6379/TCP',
    ]);
    expect(otherEnd(told)).toMatchObject({ way: 'ingress', verdict: 'allow' });
    expect(otherEnd(told)?.decided.map(ruleName)).toEqual(['redis-from-cart spec.ingress[0]']);
    expect(after(told)).toMatch(/egress:\n {4}- to:\n {8}- podSelector:.*\n.*\n {14}app: redis/);
    expect(told.suggestion).toMatchObject({
      alsoAllows: [{ from: 'shop/cart', to: 'shop/redis-replica', count: 1 }],
      proof: expect.stringContaining('is allowed at both ends') as string,
    });
    expect(after(told)).not.toContain('pod-template-hash');
  });

  test('2: the port of a service is told from that of the pod', async () => {
    const told = await explained(worlds.portOfService());
    expect(clausesOf(decidingEnd(told).tried[0])).toEqual(['peer ✓', 'port ✗ 80 ≠ 8080/TCP']);
    expect(told.notes.join()).toMatch(
      /Service shop\/web leads its port 80 to port 8080 of the pod/,
    );
    expect(after(told)).toContain('- port: 8080');
    expect(after(told)).not.toContain('port: 80\n');
  });

  test('3: two selectors in one entry are told from two entries', async () => {
    const told = await explained(worlds.andForOr());
    expect(clausesOf(decidingEnd(told).tried[0])).toEqual([
      'peer ✗ app=cart ≠ app=backup',
      'port ✓',
    ]);
    expect(told.notes.join()).toMatch(/both must hold .*two entries .* 11 other pods/);
  });

  test('4: a namespace that was forgotten is added to the same entry', async () => {
    const told = await explained(worlds.namespaceForgotten());
    expect(clausesOf(decidingEnd(told).tried[0])).toEqual([
      'peer ✗ a pod of namespace shop ≠ namespace edge',
      'port ✓',
    ]);
    expect(told.notes.join()).toContain('mean pods of namespace shop alone');
    expect(after(told).match(/podSelector/g)).toHaveLength(2);
    expect(after(told)).toContain('kubernetes.io/metadata.name: edge');
  });

  test('5: a deny that the record names, and the allow that it hides', async () => {
    const told = await explained(worlds.reportedDeny());
    expect(told.provenance).toBe('reported');
    expect(told.reported).toContain('CiliumClusterwideNetworkPolicy no-metadata');
    expect(decidingEnd(told).decided.map(ruleName)).toEqual(['no-metadata spec.egressDeny[0]']);
    expect(decidingEnd(told).hidden.map(ruleName)).toEqual(['cart-egress spec.egress[2]']);
    expect(told.notes.join()).toContain('a deny wins over every allow');
    expect(told.suggestion).toBeUndefined();
    expect(told.noSuggestion).toMatch(/no added rule helps.*Narrow.*selects 2 of the 2 pods/);
  });

  test('6: a default deny of Cilium is that of three policies, and the namespace is added', async () => {
    const told = await explained(worlds.defaultDenyOfCilium());
    expect(told).toMatchObject({ provenance: 'evaluated', reported: '' });
    expect(selecting(told)).toEqual(['api-ingress', 'default-deny', 'baseline']);
    expect(clausesOf(decidingEnd(told).tried[0])).toEqual([
      'peer ✗ a pod of namespace pay ≠ namespace shop',
      'port ✓',
    ]);
    expect(after(told)).toMatch(
      /fromEndpoints:\n\s+- matchLabels:\n\s+app: checkout\n\s+k8s:io.kubernetes.pod.namespace: shop/,
    );
    expect(after(told).match(/fromEndpoints/g)).toHaveLength(1);
  });

  test('7: every HTTP rule that was tried, and the request as one more', async () => {
    const told = await explained(worlds.refusedRequest());
    const [rule] = decidingEnd(told).tried;
    expect(decidingEnd(told)).toMatchObject({ reason: 'l7-deny', verdict: 'deny' });
    expect(told.headline).toMatch(
      /admitted by CiliumNetworkPolicy pay\/api-l7.*refuse this request/,
    );
    const entries = rule?.clauses.find(({ kind }) => kind === 'l7')?.entries;
    expect(
      entries?.map((tests) => tests.map(({ truth, expected }) => `${truth} ${expected}`)),
    ).toEqual([
      ['no method GET', 'yes path /v1/.*'],
      ['no method POST', 'no path /v1/charges'],
    ]);
    expect(after(told)).toContain('- method: DELETE\n                path: /v1/cards/[0-9]+');
  });

  test('8: a name that nobody was seen to look up leaves it open, and says what to check', async () => {
    const told = await explained(worlds.nameNotLearnt());
    expect(told.provenance).toBe('undecided');
    expect(clausesOf(decidingEnd(told).tried[0])).toEqual([
      expect.stringMatching(/^peer \? smtp.example.com ≠ 203.0.113.25/),
      'port ✓',
    ]);
    expect(decidingEnd(told).missing.join()).toContain('203.0.113.25');
    expect(told.notes.join()).toMatch(/spec.egress\[0\] admits look-ups without rules.dns/);
    expect(told.notes.join()).toContain('No DNS answer with 203.0.113.25 is stored');
    expect(told.suggestion).toBeUndefined();
  });

  test('9: the end of a tier, and the rule behind it that is never reached', async () => {
    const told = await explained(worlds.endOfTier());
    expect(told.provenance).toBe('reported');
    expect(told.reported).toContain('end of tier security');
    expect(decidingEnd(told)).toMatchObject({ reason: 'tier-default-deny', stage: 'security' });
    expect(told.headline).toContain('1 policy selects shop/redis for ingress in tier security');
    expect(decidingEnd(told).hidden.map(ruleName)).toEqual([
      'default.redis-from-cart spec.ingress[0]',
    ]);
    expect(told.notes.join()).toMatch(/tier default is never reached.*defaultAction Pass/);
    expect(told.suggestion?.parts.map(({ policy }) => policy.name)).toEqual([
      'security.quarantine',
    ]);
    expect(after(told)).toContain('- action: Pass');
  });

  test('10: an allow that comes later, and how to bring it forward', async () => {
    const told = await explained(worlds.laterAllow());
    expect(decidingEnd(told).decided.map(ruleName)).toEqual(['default.no-legacy spec.egress[0]']);
    expect(decidingEnd(told).hidden.map(ruleName)).toEqual(['default.batch-db spec.egress[0]']);
    expect(told.notes.join()).toContain('the first rule that matches decides');
    expect(told.notes.join()).toMatch(
      /default.batch-db an order below 100, or except 10.20.0.9\/32/,
    );
    expect(after(told)).toMatch(
      /egress:\n {4}- action: Allow\n[^]*10\.20\.0\.9\/32\n[^]*- action: Deny/,
    );
    expect(told.suggestion?.proof).toContain('is allowed at both ends');
  });

  test('11: without any name the denial is that of two policies together', async () => {
    const told = await explained(worlds.withoutNames());
    expect(told.similar[0]).toMatchObject({ count: 214 });
    expect(selecting(told)).toEqual(['default-deny-ingress', 'redis-from-cart']);
    expect(told.notes.join()).toContain('each counts as one of 2');
    expect(after(told)).toMatch(/app: cart\n\s+- podSelector:\n\s+matchLabels:\n\s+app: checkout/);
  });

  test('12: an address that is nobody’s any more is no matter of policy', async () => {
    const told = await explained(worlds.staleAddress());
    expect(told.provenance).toBe('not-policy');
    expect(told.headline).toMatch(/not by policy.*Policies would have admitted it/);
    expect(told.notes.join()).toContain(
      '10.0.7.9 belonged to ops/prom-0 until 2026-05-03T12:01:55Z',
    );
    expect(told.changes).toMatchObject([
      { sentence: 'Pod ops/prom-0 was deleted', decisive: false },
    ]);
    expect(decidingEnd(told).sentence).toContain('No policy selects shop/web for egress');
    expect(told).toMatchObject({
      suggestion: undefined,
      noSuggestion: expect.stringContaining('none can admit it') as string,
    });
  });
});

describe('what a suggestion says of the rest', () => {
  test('a list of what else it lets through that is cut tells how many there are', async () => {
    const { suggestion } = await explained(worlds.manyAlike());
    expect(suggestion).toMatchObject({ alsoAllowed: 24, weighed: { groups: 25 } });
    expect(suggestion?.alsoAllows).toHaveLength(20);
  });
});

describe('what an explanation says of what was let through', () => {
  test('audit mode: it would have been denied', async () => {
    const told = await explained(worlds.audited());
    expect(told.headline).toMatch(
      /Would have been dropped.*audit mode.*3 policies select pay\/api/,
    );
  });

  test('policies of Calico that are staged: what they would do', async () => {
    const told = await explained(worlds.stagedDeny());
    expect(told.headline).toContain('No policy selects shop/redis for ingress');
    expect(told.notes).toEqual([
      'With the staged policies in force: StagedNetworkPolicy shop/default.no-carts spec.ingress[1] denies ingress of shop/redis from shop/cart on 6379/TCP. Flow logs tell of it as pending: default|shop/default.no-carts|deny|1.',
    ]);
  });

  test('nothing restricts it', async () => {
    const told = await explained(worlds.unrestricted());
    expect(told.ends.map(({ reason }) => reason)).toEqual(['no-policy', 'no-policy']);
    expect(told.headline).toContain('nothing restricts it');
  });

  test('HTTP rules restrict nothing beside a rule without any', async () => {
    const told = await explained(worlds.unrestrictedRequest());
    expect(told.provenance).toBe('evaluated');
    expect(told.notes.join()).toMatch(/L7 rules of .*api-l7.* restrict nothing here: .*allow-8080/);
  });
});
