import type { ManifestPath } from '../../core/manifest.ts';
import { canonicalAddress } from '../../query/address.ts';
import type { Predicate, Question } from '../form.ts';
import { truthOf, type Truth } from '../truth.ts';
import { partyText } from './parties.ts';
import { predicateOf } from './predicate.ts';

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/** `*.example.com` is every name below, at any depth; another name is itself alone. */
function domainMatches(pattern: string, name: string): boolean {
  const wanted = plain(pattern);
  return wanted.startsWith('*.')
    ? plain(name).endsWith(wanted.slice(1)) && plain(name).length > wanted.length - 1
    : plain(name) === wanted;
}

/** The peer has an address that a name was resolved to. Names of the API mean what is outside the cluster. */
export function domainName(pattern: string, path: ManifestPath): Predicate {
  const test = (question: Question): Truth => {
    const { peer } = question;
    if (peer.kind === 'unresolved') return 'unknown';
    if (peer.kind !== 'address') return 'no';
    const names = namesOf(question);
    return names === undefined
      ? 'unknown'
      : truthOf(names.some((name) => domainMatches(pattern, name)));
  };
  return predicateOf({
    path,
    about: 'name',
    expected: pattern,
    test,
    actual(question) {
      const where = partyText(question.peer);
      const names = namesOf(question) ?? [];
      return names.length === 0 ? where : `${where} (${names.join(', ')})`;
    },
    missing: ({ peer }) => ({
      kind: 'dns',
      text: `which names ${partyText(peer)} was resolved from`,
    }),
  });
}

/** Names that the client had resolved, or that the DNS proxies have answered; `undefined`: nobody recorded them. */
function namesOf({ peer, world }: Question): readonly string[] | undefined {
  if (peer.kind !== 'address') return undefined;
  if (peer.names !== undefined) return peer.names;
  const answered = namesAnswered(world.facts.dns ?? new Map(), peer.ip);
  // What the proxies have seen need not be all that was asked.
  return answered.length === 0 ? undefined : answered;
}

/** Names that DNS proxies have answered with an address. */
export function namesAnswered(
  dns: ReadonlyMap<string, readonly string[]>,
  ip: string,
): readonly string[] {
  const address = canonicalAddress(ip);
  return [...dns]
    .filter(([, ips]) => ips.some((each) => canonicalAddress(each) === address))
    .map(([name]) => name);
}
