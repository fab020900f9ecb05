import type { ManifestPath } from '../../core/manifest.ts';
import { predicateOf } from '../predicates/predicate.ts';
import type { MissingFact, Predicate, Question } from '../form.ts';
import type { Block } from '../predicates/addresses.ts';
import { partyText } from '../predicates/parties.ts';
import { truthOf, type Truth } from '../truth.ts';
import { addressFamily, endAt, familyOf, type Side } from './calico-predicate.ts';

type Placed = { readonly path: ManifestPath; readonly side: Side };

/** `nets` look at addresses alone, whoever has them. */
export function blockPredicate(block: Block, { path, side }: Placed): Predicate {
  return predicateOf({
    path,
    about: 'address',
    expected: block.text,
    test: (question) => ipTruth(question, side, (ip) => block.contains(ip)),
    actual: (question) => actualAddress(question, side),
    missing: (question) => missingAddress(question, side),
  });
}

/**
 * A rule with blocks is one for their family only, `notNets` too: `notNets: [10.0.0.0/8]` matches no IPv6 address.
 */
export function notBlocksPredicate(blocks: readonly Block[], { path, side }: Placed): Predicate {
  const families = new Set(blocks.map(({ isV6 }) => (isV6 ? 6 : 4)));
  return predicateOf({
    path,
    about: 'address',
    expected: `not ${blocks.map(({ text }) => text).join(', ')}`,
    test: (question) =>
      ipTruth(
        question,
        side,
        (ip) => families.has(addressFamily(ip)) && !blocks.some((block) => block.contains(ip)),
      ),
    actual: (question) => actualAddress(question, side),
    missing: (question) => missingAddress(question, side),
  });
}

/** Where the address that was used is not known, all that it may be must agree. */
function ipTruth(question: Question, side: Side, test: (ip: string) => boolean): Truth {
  const { party, ip } = endAt(question, side);
  if (ip !== undefined) return truthOf(test(ip));
  const family = familyOf(question);
  const own = 'ips' in party ? party.ips : [];
  const possible = own.filter((each) => family === undefined || addressFamily(each) === family);
  const answers = new Set(possible.map(test));
  const [only] = answers;
  return only === undefined || answers.size > 1 ? 'unknown' : truthOf(only);
}

function actualAddress(question: Question, side: Side): string {
  const { party, ip } = endAt(question, side);
  const name = partyText(party);
  if (ip === undefined) return `${name}, address not known`;
  return name === ip ? ip : `${ip} (${name})`;
}

const missingAddress = (question: Question, side: Side): MissingFact => ({
  kind: 'peer',
  text: `which address of ${partyText(endAt(question, side).party)} was used`,
});
