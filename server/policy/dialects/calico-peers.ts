import type { ManifestPath } from '../../core/manifest.ts';
import { predicateOf } from '../predicates/predicate.ts';
import type { AddressParty, ClusterFacts, PodParty } from '../facts.ts';
import type { MissingFact, Option, Predicate, Question } from '../form.ts';
import { missingIn } from '../matching.ts';
import { askPod, missingPod, noPodText, partyText } from '../predicates/parties.ts';
import { allOf, anyOf, not, type Truth } from '../truth.ts';
import { hostItem, podItem, setItem, type Item } from './calico-items.ts';
import { endAt, type Side } from './calico-predicate.ts';
import {
  hostEndpointsAt,
  setContains,
  type CalicoReferences,
  type NetworkSet,
} from './calico-references.ts';

/** One thing that a selector asks of whatever it may find. */
export type ItemTest = {
  readonly path: ManifestPath;
  readonly about: 'labels' | 'namespace' | 'entity';
  readonly expected: string;
  holds(item: Item): Truth;
  /** What is there instead, in the words of `expected`. */
  actual(item: Item): string;
  readonly missing: Pick<MissingFact, 'kind' | 'text'>;
};

export type PeerContext = {
  readonly path: ManifestPath;
  readonly side: Side;
  readonly references: CalicoReferences;
};

/** The pods, and then what else has labels and an address: network sets and host endpoints. */
export function itemOptions(
  tests: readonly ItemTest[],
  context: PeerContext & { readonly podsOnly: boolean },
): readonly Option[] {
  const { path, side, references } = context;
  const pods: Option = { path, predicates: tests.map((test) => podPredicate(test, side)) };
  const isAlone = references.sets.length === 0 && references.hostEndpoints.length === 0;
  return isAlone || context.podsOnly
    ? [pods]
    : [pods, { path, predicates: [listedPredicate(tests, context)] }];
}

function podPredicate(itemTest: ItemTest, side: Side): Predicate {
  const holds = rememberPods(itemTest.holds);
  return predicateOf({
    path: itemTest.path,
    about: itemTest.about,
    expected: itemTest.expected,
    test: (question) =>
      askPod(endAt(question, side).party, (pod) => holds(pod, question.world.facts)),
    actual(question) {
      const { party } = endAt(question, side);
      return party.kind === 'pod'
        ? itemTest.actual(podItem(party, question.world.facts))
        : (noPodText(party) ?? '');
    },
    missing(question) {
      const { party } = endAt(question, side);
      const { kind, text } = itemTest.missing;
      return missingPod(party) ?? { kind, text: `${text} of ${partyText(party)}` };
    },
  });
}

/** The same pods are asked about in millions of flows; what they answer depends on nothing but the snapshot. */
export function rememberPods(
  holds: (item: Item) => Truth,
): (pod: PodParty, facts: ClusterFacts) => Truth {
  let of: ClusterFacts | undefined;
  let answers = new WeakMap<PodParty, Truth>();
  return (pod, facts) => {
    if (of !== facts) {
      of = facts;
      answers = new WeakMap();
    }
    let answer = answers.get(pod);
    if (answer === undefined) {
      answer = holds(podItem(pod, facts));
      answers.set(pod, answer);
    }
    return answer;
  };
}

const expectedOf = (tests: readonly ItemTest[]): string =>
  tests.map(({ expected }) => expected).join(', ');

/** All tests must hold for one and the same set: an address may be in several. */
function listedPredicate(tests: readonly ItemTest[], context: PeerContext): Predicate {
  const { path, side } = context;
  return predicateOf({
    path,
    about: 'address',
    expected: `an address of a network set or host endpoint: ${expectedOf(tests)}`,
    test: listedTest(tests, context),
    actual(question) {
      const { party, ip } = endAt(question, side);
      const where = ip ?? partyText(party);
      const names = context.references.sets
        .filter((set) => containsEnd(set, question, side) === 'yes')
        .map(({ name }) => name);
      return names.length === 0 ? `${where}, in no network set` : `${where} in ${names.join(', ')}`;
    },
    missing: (question) => missingAddress(question, context),
  });
}

function listedTest(
  tests: readonly ItemTest[],
  { references, side }: PeerContext,
): (question: Question) => Truth {
  const holds = (item: Item): Truth => allOf(tests, (test) => test.holds(item));
  const selectedSets = rememberSets(references.sets, holds);
  return (question) => {
    const { facts } = question.world;
    const atHosts = anyOf(hostEndpointsAt(references, endAt(question, side).ip), (host) =>
      holds(hostItem(host, facts)),
    );
    const inSets = anyOf(selectedSets(facts), ({ set, truth }) => {
      const contains = containsEnd(set, question, side);
      return contains === 'yes' ? truth : contains;
    });
    return anyOf([atHosts, inSets], (each) => each);
  };
}

type SelectedSet = { readonly set: NetworkSet; readonly truth: Truth };

/** Which sets a rule means depends on labels alone, so that most are never asked for an address. */
function rememberSets(
  sets: readonly NetworkSet[],
  holds: (item: Item) => Truth,
): (facts: ClusterFacts) => readonly SelectedSet[] {
  let of: ClusterFacts | undefined;
  let selected: readonly SelectedSet[] = [];
  return (facts) => {
    if (of !== facts) {
      of = facts;
      selected = sets
        .map((set) => ({ set, truth: holds(setItem(set, facts)) }))
        .filter(({ truth }) => truth !== 'no');
    }
    return selected;
  };
}

function containsEnd(set: NetworkSet, question: Question, side: Side): Truth {
  const { ip, party } = endAt(question, side);
  if (ip !== undefined && setContains(set, ip)) return 'yes';
  if (party.kind === 'address' && isNamed(set, party.set)) return 'yes';
  const byAddress: Truth = ip === undefined && set.blocks.length > 0 ? 'unknown' : 'no';
  // Names are learnt from what clients ask, so they say nothing of where connections come from.
  const isAsked = side === 'destination' && question.way === 'egress';
  const byName: Truth = isAsked ? anyOf(set.domains, (domain) => domain.test(question)) : 'no';
  return anyOf([byAddress, byName], (each) => each);
}

const isNamed = ({ namespace, name }: NetworkSet, told: AddressParty['set']): boolean =>
  told !== undefined && told.name === name && told.namespace === namespace;

function missingAddress(question: Question, { side, references }: PeerContext): MissingFact {
  const { party, ip } = endAt(question, side);
  if (ip === undefined)
    return { kind: 'peer', text: `which address of ${partyText(party)} was used` };
  const [missing] = references.sets.flatMap(({ domains }) => missingIn(domains, question));
  return missing ?? { kind: 'labels', text: `labels of the network sets with ${ip}` };
}

/** `notSelector` without anything beside it: whatever is not selected, unknown addresses too. */
export function notSelected(itemTest: ItemTest, context: PeerContext): Predicate {
  const holds = rememberPods(itemTest.holds);
  const isListed = listedTest([itemTest], context);
  return predicateOf({
    path: itemTest.path,
    about: itemTest.about,
    expected: `not (${itemTest.expected})`,
    test(question) {
      const listed = isListed(question);
      if (listed === 'yes') return 'no';
      const { party } = endAt(question, context.side);
      const asPod = askPod(party, (pod) => holds(pod, question.world.facts));
      return not(anyOf([listed, asPod], (each) => each));
    },
    actual(question) {
      const { party } = endAt(question, context.side);
      return party.kind === 'pod'
        ? itemTest.actual(podItem(party, question.world.facts))
        : partyText(party);
    },
    missing(question) {
      const { party } = endAt(question, context.side);
      const { kind, text } = itemTest.missing;
      return missingPod(party) ?? { kind, text: `${text} of ${partyText(party)}` };
    },
  });
}
