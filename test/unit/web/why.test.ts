import { describe, expect, test } from 'vitest';
import type { RuleLine } from '../../../server/core/explanation.ts';
import { endViews, isOpen, pathBelow, testWords } from '../../../web/src/pages/why/trace-view.ts';
import { timelineView } from '../../../web/src/pages/why/timeline-view.ts';
import { copyTexts } from '../../../web/src/pages/why/why-copy.ts';
import { policyHref } from '../../../web/src/state/links.ts';
import {
  againstWords,
  endTitle,
  outcomeWords,
  percent,
  PROVENANCE,
  shareWords,
} from '../../../web/src/pages/why/why-words.ts';
import { EXPLANATION_NAMES, readExplanation } from '../../support/explanations.ts';

/** Tests of a rule that do not hold, as the trace words them. */
const failing = (rule: RuleLine): readonly string[] =>
  rule.clauses.flatMap(({ tests }) => tests.filter(({ truth }) => truth !== 'yes').map(testWords));

type Worked = {
  readonly name: string;
  readonly tag: string;
  readonly title: string;
  /** The nearest rule and what came of it. */
  readonly nearest: string;
  readonly fails: readonly string[];
};

const WORKED: readonly Worked[] = [
  {
    name: '01-default-deny-peer',
    tag: 'Evaluated',
    title: 'Egress of shop/cart: denied',
    nearest: 'allow-dns spec.egress[0] no match',
    fails: [
      'kubernetes.io/metadata.name=kube-system expected, kubernetes.io/metadata.name=shop found',
      '53/UDP expected, 6379/TCP found',
    ],
  },
  {
    name: '02-port',
    tag: 'Evaluated',
    title: 'Ingress of shop/web: denied',
    nearest: 'web-from-ops spec.ingress[0] no match',
    fails: ['80/TCP expected, 8080/TCP found'],
  },
  {
    name: '03-and-for-or',
    tag: 'Evaluated',
    title: 'Ingress of shop/redis: denied',
    nearest: 'redis-clients spec.ingress[0] no match',
    fails: ['app=cart expected, app=backup found'],
  },
  {
    name: '04-namespace',
    tag: 'Evaluated',
    title: 'Ingress of shop/api: denied',
    nearest: 'api-from-gateway spec.ingress[0] no match',
    fails: ['namespace shop expected, namespace edge found'],
  },
  {
    name: '05-reported-deny',
    tag: 'Reported',
    title: 'Egress of shop/cart: denied',
    nearest: 'no-metadata spec.egressDeny[0] denies',
    fails: [],
  },
  {
    name: '06-default-deny-cilium',
    tag: 'Evaluated',
    title: 'Ingress of pay/api: denied',
    nearest: 'api-ingress spec.ingress[0] no match',
    fails: ['namespace pay expected, namespace shop found'],
  },
  {
    name: '07-l7',
    tag: 'Evaluated',
    title: 'Ingress of pay/api: denied',
    nearest: 'api-l7 spec.ingress[0] no match',
    fails: ['GET expected, DELETE found'],
  },
  {
    name: '08-fqdn',
    tag: 'Undecided',
    title: 'Egress of shop/mailer: not decided',
    nearest: 'mailer-egress spec.egress[1] may match',
    fails: ['smtp.example.com: no name recorded'],
  },
  {
    name: '09-end-of-tier',
    tag: 'Reported',
    title: 'Ingress of shop/redis: denied',
    nearest: 'security.quarantine spec.ingress[0] no match',
    fails: ["quarantine == 'true' expected, no label quarantine found"],
  },
  {
    name: '10-order',
    tag: 'Reported',
    title: 'Egress of shop/batch: denied',
    nearest: 'default.no-legacy spec.egress[0] denies',
    fails: [],
  },
  {
    name: '11-azure-npm',
    tag: 'Evaluated',
    title: 'Ingress of shop/redis: denied',
    nearest: 'redis-from-cart spec.ingress[0] no match',
    fails: ['app=cart expected, app=checkout found'],
  },
  {
    name: '12-not-policy',
    tag: 'Not policy',
    title: 'Egress of shop/web: allowed',
    nearest: '',
    fails: [],
  },
];

describe('a worked explanation', () => {
  test('has a line here for each that there is', () => {
    expect(WORKED.map(({ name }) => name)).toEqual(
      EXPLANATION_NAMES.filter((name) => /^\d/.test(name)),
    );
  });

  test.each(WORKED)('$name shows the nearest rule and exactly what failed', (worked) => {
    const explanation = readExplanation(worked.name);
    const [first] = endViews(explanation);
    const [nearest] = first!.tried;
    expect(PROVENANCE[explanation.provenance].word).toBe(worked.tag);
    expect(endTitle(first!.end)).toBe(worked.title);
    const told = nearest && `${nearest.policy.name} ${nearest.path} ${outcomeWords(nearest)}`;
    expect(told ?? '').toBe(worked.nearest);
    expect(nearest === undefined ? [] : failing(nearest)).toEqual(worked.fails);
    // The headline has said what the end that decided says.
    expect(first!.sentence).toBe(
      explanation.provenance === 'not-policy' ? first!.end.sentence : '',
    );
  });
});

describe('the trace', () => {
  const [first, second] = endViews(readExplanation('01-default-deny-peer'));

  test('tells a policy that selects and has no rule from one whose rules were tried', () => {
    expect(first!.inForce.map(({ policy, silent }) => [policy.name, silent])).toEqual([
      ['default-deny-all', true],
      ['allow-dns', false],
    ]);
  });

  test('opens the nearest rule that does not match, and no rule that does', () => {
    expect(isOpen(first!.tried[0]!, 0)).toBe(true);
    expect(isOpen(first!.tried[0]!, 1)).toBe(false);
    expect(isOpen(second!.tried[0]!, 0)).toBe(false);
  });

  test('sets an end aside that allows, unless nothing stands in the way', () => {
    expect([first!.aside, second!.aside]).toEqual([false, true]);
    expect(endViews(readExplanation('allowed')).map(({ aside }) => aside)).toEqual([false, false]);
    expect(endViews(readExplanation('12-not-policy'))[0]!.aside).toBe(true);
  });

  test('says what the other end would do where the headline does not', () => {
    expect(second!.sentence).toContain('redis-from-cart spec.ingress[0] admits');
  });

  test('folds away all but three rules, and loses none', () => {
    const explanation = readExplanation('06-default-deny-cilium');
    const [end] = explanation.ends;
    const tried = [...end!.tried, ...end!.tried];
    const [view] = endViews({ ...explanation, ends: [{ ...end!, tried }] });
    expect(view!.tried).toHaveLength(3);
    expect([...view!.tried, ...view!.folded]).toEqual(tried);
  });

  test('says nothing was found where nothing was, and shortens only paths below the rule', () => {
    const test = { path: 'spec.ingress[0].from[0]', truth: 'no', expected: 'app=a', actual: '' };
    expect(testWords({ ...test, truth: 'no' })).toBe('app=a expected, nothing found');
    expect(pathBelow(test.path, 'spec.ingress[0]')).toBe('from[0]');
    expect(pathBelow('spec.podSelector', 'spec.ingress[0]')).toBe('spec.podSelector');
  });
});

describe('the timeline', () => {
  test('places a change between the last allowed and the first dropped', () => {
    const view = timelineView(
      readExplanation('01-default-deny-peer'),
      '2026-05-03T12:04:31.000000000Z',
    );
    expect(view?.between).toBe('1m');
    for (const { at } of view!.marks) {
      expect(at).toBeGreaterThan(view!.allowedUntil!);
      expect(at).toBeLessThan(view!.droppedFrom);
    }
    // The likelier change came later, nearer to the first drop.
    expect(view!.marks[0]!.at).toBeGreaterThan(view!.marks[1]!.at);
  });

  test('places a change after the first drop to the right of it', () => {
    const view = timelineView(readExplanation('12-not-policy'), '2026-05-03T12:04:31.000000000Z');
    expect(view!.marks[0]!.at).toBeGreaterThan(view!.droppedFrom);
  });

  test('claims no time at which it was allowed where none is known', () => {
    const view = timelineView(readExplanation('06-default-deny-cilium'), '2026-05-03T12:04:31Z');
    expect(view).toMatchObject({ allowedUntil: undefined, between: '' });
  });

  test('is absent where there is none', () => {
    expect(timelineView(readExplanation('02-port'), '2026-05-03T12:04:31Z')).toBeUndefined();
  });
});

describe('words', () => {
  test('name the set of policies, its time, size and cluster', () => {
    const { against } = readExplanation('06-default-deny-cilium');
    expect(againstWords(against!, '2026-05-03T12:04:31Z', 'utc')).toBe(
      'policies as of 12:04:31 · 14 policies · Cilium',
    );
    const now = { ...against!, of: 'now', policies: 1 } as const;
    expect(againstWords(now, '2026-05-02T12:04:31Z', 'utc')).toBe(
      "today's policies, 2026-05-03 12:04:31 · 1 policy · Cilium",
    );
  });

  test('compare shares, and round none to nothing or to all', () => {
    const [difference] = readExplanation('11-azure-npm').differs;
    expect(shareWords(difference!)).toBe('100% of drops, 8% of allowed');
    expect([0, 0.0001, 0.5, 0.9999, 1].map(percent)).toEqual(['0%', '<1%', '50%', '>99%', '100%']);
  });
});

describe('links and copies', () => {
  test('a policy has an address, with a dash for a namespace that it has not', () => {
    const view = { t: 'now-1h..now', tz: 'utc' } as const;
    const policy = { kind: 'NetworkPolicy', namespace: 'shop', name: 'a/b c' };
    expect(policyHref(policy, view)).toBe(
      '/policies/NetworkPolicy/shop/a%2Fb%20c?t=now-1h..now&tz=utc',
    );
    expect(policyHref({ ...policy, namespace: '', name: 'x' }, view)).toContain('/-/x?');
  });

  test('kubectl asks for each policy that applies once, and a name is a word to the shell', () => {
    const explanation = readExplanation('05-reported-deny');
    const kubectl = (from: typeof explanation): string =>
      copyTexts(from, '').find(({ id }) => id === 'kubectl')?.text ?? '';
    expect(kubectl(explanation).split('\n')).toEqual([
      'kubectl get ciliumclusterwidenetworkpolicy no-metadata -o yaml',
      'kubectl -n shop get ciliumnetworkpolicy cart-egress -o yaml',
    ]);
    const [end] = explanation.ends;
    const policy = { kind: 'NetworkPolicy', namespace: '$(id)', name: "a'; id" };
    const odd = { ...end!, decided: [], selected: [{ policy, tests: [] }] };
    expect(kubectl({ ...explanation, ends: [odd] })).toBe(
      String.raw`kubectl -n '$(id)' get networkpolicy 'a'\''; id' -o yaml`,
    );
    const both = ['networking.k8s.io', 'projectcalico.org'].map((apiGroup) => ({
      ...{ policy: { kind: 'NetworkPolicy', apiGroup, namespace: 'shop', name: 'web' }, tests: [] },
    }));
    const same = { ...end!, decided: [], selected: both };
    expect(kubectl({ ...explanation, ends: [same] }).split('\n')).toEqual([
      'kubectl -n shop get networkpolicies.networking.k8s.io web -o yaml',
      'kubectl -n shop get networkpolicies.projectcalico.org web -o yaml',
    ]);
  });

  test('of a suggestion its manifests and its command are copied; without one neither is offered', () => {
    const ids = (name: string) => copyTexts(readExplanation(name), 'l').map(({ id }) => id);
    expect(ids('01-default-deny-peer')).toEqual(['link', 'kubectl', 'yaml', 'json']);
    expect(ids('06-default-deny-cilium')).toEqual(['link', 'kubectl', 'json']);
    expect(ids('no-snapshot')).toEqual(['link', 'json']);
    const copies = copyTexts(readExplanation('02-port'), 'l');
    expect(copies.find(({ id }) => id === 'yaml')?.text).toContain('port: 8080');
    expect(copies.find(({ id }) => id === 'kubectl')?.text).toMatch(/^kubectl diff/);
  });
});
