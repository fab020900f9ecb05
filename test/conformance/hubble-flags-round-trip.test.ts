import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Flow } from '../../server/core/flow.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { fromHubble } from '../../server/query/hubble/from-hubble.ts';
import { toHubble } from '../../server/query/hubble/to-hubble.ts';
import { matches } from '../../server/query/match.ts';
import { parseQuery } from '../../server/query/parse.ts';
import { anyFlow } from '../support/arbitrary-flow.ts';

const SIDED = [
  ...['ns:shop', 'ns:shop,default', 'pod:web-*', 'svc:shop/*', 'svc:default/kube*', 'identity:2'],
  ...['ip:10.0.0.1', 'ip:10.0.0.0/8', 'ip:fd00::/8', 'port:80', 'port:53,443', 'port:52..54'],
  ...[
    'fqdn:api.example.com',
    'app=web',
    'app=web,redis',
    'app!=web',
    'tier=*',
    'tier=none',
    'tier!=*',
  ],
];
const WHOLE = [
  ...['verdict:dropped', 'verdict:forwarded,audited', 'verdict:unknown', 'raw.verdict:forwarded'],
  ...['reason:POLICY_DENIED', 'reason:conntrack', 'reason:*', 'proto:tcp', 'proto:icmp,udp'],
  ...[
    'dir:ingress',
    'dir:unknown',
    'event:drop',
    'event:trace,l7',
    'node:node-1',
    'node:east/node-1',
  ],
  ...['node:east/*', 'l7.method:GET', 'l7.status:500..599', 'l7.method:GET l7.path:/api/'],
];

const anyTerm = fc.oneof(
  fc
    .tuple(fc.constantFrom('', 'from.', 'to.'), fc.constantFrom(...SIDED))
    .map(([side, term]) => side + term),
  fc.constantFrom(...WHOLE),
);
const anyGroup = fc.oneof(
  { weight: 4, arbitrary: anyTerm },
  fc.tuple(anyTerm, anyTerm).map(([one, other]) => `(${one} OR ${other})`),
  fc.tuple(anyTerm, anyTerm).map(([one, other]) => `(${one} ${other})`),
);
const anyQuery = fc
  .array(fc.tuple(fc.boolean(), anyGroup), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.map(([isNot, part]) => (isNot ? `NOT (${part})` : part)).join(' '));

const WIRES = { allowed: 'FORWARDED', dropped: 'DROPPED', audit: 'AUDIT', error: 'ERROR' } as const;

/** A flow as Hubble tells it: its own word for the verdict, and no reason of Calico. */
const asHubble = (flow: Flow): Flow => {
  const { verdict } = flow;
  return {
    ...flow,
    wireVerdict: verdict.kind === 'unknown' ? 'TRACED' : WIRES[verdict.kind],
    verdict:
      verdict.kind === 'dropped' && verdict.reason.startsWith('CALICO')
        ? { kind: 'dropped', reason: 'POLICY_DENY' }
        : verdict,
  };
};

function finder(q: string): (flow: Flow) => boolean {
  const parsed = parseQuery(q);
  if (!parsed.ok) throw new Error(`${q}: ${parsed.error.message}`);
  return matches(compileQuery(parsed.where));
}

test('a query, the command for it and the query of that find the same flows', () => {
  let commands = 0;
  fc.assert(
    fc.property(
      anyQuery,
      fc.array(anyFlow.map(asHubble), { minLength: 5, maxLength: 20 }),
      (q, flows) => {
        const there = toHubble(q);
        if (!there.ok) {
          expect(there.why.length).toBeGreaterThan(10);
          expect(there.to).toBeGreaterThan(there.from);
          return;
        }
        commands += 1;
        const back = fromHubble(there.command);
        if (!back.ok) throw new Error(`${there.command}: ${back.error.message}`);
        expect(back.notes, there.command).toEqual([]);
        expect(flows.filter(finder(back.q)), there.command).toEqual(flows.filter(finder(q)));
      },
    ),
    { numRuns: 1_000 },
  );
  // Else the property would say little.
  expect(commands).toBeGreaterThan(500);
});
