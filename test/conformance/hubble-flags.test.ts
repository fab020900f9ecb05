import { describe, expect, test } from 'vitest';
import type { Flow } from '../../server/core/flow.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { quoteWord } from '../../server/query/hubble/command-words.ts';
import { FILTER_FLAGS } from '../../server/query/hubble/flags.ts';
import { filterJson } from '../../server/query/hubble/flow-filter.ts';
import { fromHubble, type FromHubble } from '../../server/query/hubble/from-hubble.ts';
import { readFlags, type ReadFlags } from '../../server/query/hubble/read-flags.ts';
import { toHubble } from '../../server/query/hubble/to-hubble.ts';
import { matches } from '../../server/query/match.ts';
import { parseQuery } from '../../server/query/parse.ts';
import { decoder } from '../support/decode-hubble.ts';
import { sampleLines, sampleNames } from '../support/samples.ts';

type Case = {
  readonly args: readonly string[];
  /** What the real command makes of them. */
  readonly whitelist: readonly unknown[];
  readonly blacklist: readonly unknown[];
  /** `file:line` of what the real filters select. */
  readonly matches: readonly string[];
};

const cases = sampleLines('hubble/filters.jsonl').map((line) => JSON.parse(line) as Case);
const lineOf = ({ args }: Case): string => `hubble observe ${args.map(quoteWord).join(' ')}`;

/** The real records with envelope, over which the samples were filtered, by file and line. */
const NO_RECORDS = /filters|synthetic|exporter-events|wire-vectors|legacy-bare-flow|README/;
const flows = new Map<string, Flow>();
for (const name of sampleNames('hubble').filter((file) => !NO_RECORDS.test(file))) {
  const decode = decoder();
  for (const [index, line] of sampleLines(name).entries()) {
    const record = decode(JSON.parse(line));
    if (!record.ok || record.kind !== 'flow') continue;
    flows.set(`${name.replace('hubble/', '')}:${index + 1}`, record.flow);
  }
}

function foundBy(q: string): readonly string[] {
  const parsed = parseQuery(q);
  if (!parsed.ok) throw new Error(`${q}: ${parsed.error.message}`);
  const isFound = matches(compileQuery(parsed.where));
  return [...flows].filter(([, flow]) => isFound(flow)).map(([place]) => place);
}

function read(line: string): FromHubble & { ok: true } {
  const answer = fromHubble(line);
  if (!answer.ok) throw new Error(`${line}: ${answer.error.message}`);
  return answer;
}

/** Lost events are no flows. */
const selected = (one: Case): readonly string[] => one.matches.filter((place) => flows.has(place));
const leftOut = (one: Case): readonly string[] =>
  read(lineOf(one)).notes.flatMap(({ about, message }) => (about === 'flows' ? [message] : []));

const expressible = cases.filter((one) => leftOut(one).length === 0);
const others = cases.filter((one) => leftOut(one).length > 0);

describe('commands of the samples', () => {
  test('there are 82, of which 58 can be said', () => {
    console.log(`${expressible.length} of ${cases.length} commands can be said as a query`);
    expect([cases.length, expressible.length]).toEqual([82, 58]);
  });

  test.each(cases)('$args make the filters that the real command makes', (one) => {
    const words = one.args.map((text, at) => ({ text, from: at, to: at + 1 }));
    const { whitelist, blacklist } = readFlags(words);
    const json = (lists: ReadFlags['whitelist']): readonly unknown[] =>
      lists.flatMap((group) => group.filters.map(filterJson));
    expect(json(whitelist)).toEqual(one.whitelist);
    expect(json(blacklist)).toEqual(one.blacklist);
  });

  test.each(expressible)('$args find exactly what the real filters select', (one) => {
    expect(foundBy(read(lineOf(one)).q).toSorted()).toEqual(selected(one).toSorted());
  });

  test.each(others)('$args say what is left out, and find no less', (one) => {
    expect(foundBy(read(lineOf(one)).q)).toEqual(expect.arrayContaining([...selected(one)]));
    for (const message of leftOut(one)) expect(message).toMatch(/^--.+ is left out: .{15,}/);
  });

  test.each(expressible)(
    '$args come back as a command for the same flows, or not at all',
    (one) => {
      const there = toHubble(read(lineOf(one)).q);
      if (!there.ok) {
        expect(there.why).toMatch(/\w/);
        return;
      }
      const back = read(there.command);
      expect(back.notes).toEqual([]);
      expect(foundBy(back.q).toSorted()).toEqual(selected(one).toSorted());
    },
  );

  test('of all but one there is a command again', () => {
    const none = expressible.filter((one) => !toHubble(read(lineOf(one)).q).ok);
    // Its query has -is:reply, which is the same beside drops only.
    expect(none.map(({ args }) => args)).toEqual([
      ['--allowlist', '{"reply":[false],"verdict":["DROPPED"]}'],
    ]);
  });
});

/** Names in the table of the reference, section 7. */
const REFERENCE =
  `pod from-pod to-pod namespace from-namespace to-namespace all-namespaces from-all-namespaces
  to-all-namespaces service from-service to-service ip from-ip to-ip snat-ip port from-port to-port label from-label
  to-label identity from-identity to-identity workload from-workload to-workload fqdn from-fqdn to-fqdn cluster
  from-cluster to-cluster verdict drop-reason-desc type protocol tcp-flags traffic-direction ip-version ipv4 ipv6
  http-status http-method http-path http-url http-header trace-id ip-trace-id uuid node-name node-label interface
  encrypted unencrypted cel-expression not allowlist denylist first last all since until follow`.split(
    /\s+/,
  );

test('every flag of the reference is in the table, and no other', () => {
  expect(FILTER_FLAGS.map(({ name }) => name).toSorted()).toEqual(REFERENCE.toSorted());
});

test('short forms are those of the reference', () => {
  const short = FILTER_FLAGS.flatMap((flag) =>
    flag.short === undefined ? [] : [[flag.short, flag.name]],
  );
  expect(Object.fromEntries(short)).toEqual({
    n: 'namespace',
    A: 'all-namespaces',
    l: 'label',
    t: 'type',
    4: 'ipv4',
    6: 'ipv6',
    f: 'follow',
  });
});
