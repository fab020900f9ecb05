import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../../server/core/drop-advice/commands.ts';
import { fillCommand } from '../../../server/core/drop-advice/fill.ts';
import { reasonsDocument } from '../../../server/core/drop-advice/document.ts';
import { DROP_ADVICE, dropAdvice } from '../../../server/core/drop-advice/table.ts';
import { DROP_REASONS } from '../../../server/core/drop-reasons.ts';

test('there is advice for each drop reason, once, and for no other', () => {
  expect(DROP_ADVICE.map(({ code }) => code).toSorted()).toEqual(
    DROP_REASONS.map(({ code }) => code).toSorted(),
  );
});

describe.each(DROP_ADVICE)('the advice for $code', (advice) => {
  test('says in whole sentences what it means, why it happens and what to do', () => {
    const { means, causes, next, commands, policy } = advice;
    expect(means.length).toBeGreaterThan(40);
    for (const text of [means, policy.words, ...causes, ...next, advice.retina?.words ?? 'A.'])
      expect(text).toMatch(/^\S.*[.?)]$/);
    expect(causes.length).toBeGreaterThan(0);
    expect(next.length).toBeGreaterThan(0);
    expect(commands.length).toBeGreaterThan(0);
    expect(new Set(commands).size).toBe(commands.length);
  });

  test('says of policy what the category of the reason says', () => {
    const reason = DROP_REASONS.find(({ code }) => code === advice.code)!;
    expect(advice.policy.part === 'decides').toBe(reason.category === 'policy');
    expect(advice.policy.words).toMatch(/^(?:Yes|No|Perhaps|Not known)\. /);
  });
});

test('every command is used, and is recommended for some reason', () => {
  const used = new Set(
    DROP_ADVICE.flatMap(({ commands, retina }) => [...commands, ...(retina?.commands ?? [])]),
  );
  expect(Object.keys(COMMANDS).filter((id) => !used.has(id as keyof typeof COMMANDS))).toEqual([]);
});

test('a reason newer than this program gets what can be said all the same', () => {
  expect(dropAdvice('250')).toMatchObject({ code: '250', policy: { part: 'may' } });
  expect(dropAdvice('250').means).toContain('250');
});

describe('a command is filled in', () => {
  const { run } = COMMANDS.pod;

  test('with what is known; the rest stays to be filled by hand', () => {
    expect(fillCommand(run, { namespace: 'shop', pod: 'web-0' })).toBe(
      'kubectl -n shop describe pod web-0',
    );
    expect(fillCommand(run, { namespace: 'shop', pod: '' })).toBe(
      'kubectl -n shop describe pod {pod}',
    );
    expect(fillCommand(COMMANDS.route.run, { destinationIp: 'fd00::1' })).toContain('fd00::1');
  });

  test.each(['$(id)', 'a;b', '-A', "a' b", '', '`id`', 'a\nb', '{pod}'])(
    'but never with %j, which a shell would take for more',
    (pod) => {
      expect(fillCommand(run, { namespace: 'shop', pod })).toContain('pod {pod}');
    },
  );
});

test('docs/drop-reasons.md is what dropwise reason all prints', () => {
  const docs = readFileSync(new URL('../../../docs/drop-reasons.md', import.meta.url), 'utf8');
  expect(docs).toBe(reasonsDocument());
});
