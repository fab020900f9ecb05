import type { ManifestPath } from '../../core/manifest.ts';
import { cidrTest, readCidr } from '../../query/address.ts';
import type { Party } from '../facts.ts';
import type { MissingFact, Predicate, Question } from '../form.ts';
import { not, truthOf, type Truth } from '../truth.ts';
import { partyText } from './parties.ts';
import { predicateOf } from './predicate.ts';

/** A block of addresses, as manifests write them. */
export type Block = {
  readonly text: string;
  /** Network and length, so that blocks are compared as numbers. */
  readonly address: string;
  readonly bits: number;
  readonly isV6: boolean;
  contains(ip: string): boolean;
};

/** Bits beyond the length are ignored, and leading zeros are decimal, as the API server reads them. */
export function readBlock(text: string): Block | undefined {
  const cidr = readCidr(text.replaceAll(/(?<=^|\.)0+(?=\d)/g, ''));
  if (cidr === undefined) return undefined;
  const { address, bits } = cidr;
  return { text, address, bits, isV6: address.includes(':'), contains: cidrTest(address, bits) };
}

/** As `readBlock`; one address is a block of its own. */
export const readAddressOrBlock = (text: string): Block | undefined =>
  readBlock(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);

/** The address that the peer used lies in a block. Which ends a block can mean depends on the dataplane. */
export function addressInBlock(block: Block, path: ManifestPath): Predicate {
  return predicateOf({
    path,
    about: 'address',
    expected: block.text,
    test: (question) => blockHolds(question, block),
    actual: addressText,
    missing: missingAddress,
  });
}

/** The address is not in what a block leaves out. */
export function addressNotInBlock(block: Block, path: ManifestPath): Predicate {
  return predicateOf({
    path,
    about: 'address',
    expected: `not ${block.text}`,
    test: (question) => not(addressHolds(question, block)),
    actual: addressText,
    missing: missingAddress,
  });
}

/** By the address alone, whoever has it. Where the one that was used is not known, all must agree. */
function addressHolds(question: Question, block: Block): Truth {
  const answers = new Set(possibleIps(question).map((ip) => block.contains(ip)));
  const [first] = answers;
  return first === undefined || answers.size > 1 ? 'unknown' : truthOf(first);
}

function possibleIps({ peer, peerIp, subjectIp }: Question): readonly string[] {
  if (peerIp !== undefined) return [peerIp];
  const ips = peer.kind === 'pod' || peer.kind === 'node' ? peer.ips : [];
  return subjectIp === undefined
    ? ips
    : ips.filter((ip) => ip.includes(':') === subjectIp.includes(':'));
}

function blockHolds(question: Question, block: Block): Truth {
  if (question.world.dataplane !== 'cilium') return addressHolds(question, block);
  const meant = ciliumMeans(question.peer, question.world.settings.policyCidrMatchMode);
  if (meant === 'no') return 'no';
  const held = addressHolds(question, block);
  return held === 'yes' ? meant : held;
}

/** Cilium's blocks mean addresses outside the cluster; pods and nodes only where the agents are told so. */
function ciliumMeans(peer: Party, matchMode: readonly string[]): Truth {
  switch (peer.kind) {
    case 'pod':
      return truthOf(matchMode.includes('pods'));
    case 'node':
      return truthOf(matchMode.includes('nodes'));
    case 'address':
      return 'yes';
    case 'unresolved':
      if (matchMode.includes('pods')) return 'yes';
      return peer.takenAs === 'pod' ? 'no' : 'unknown';
    case 'reserved':
      return reservedMeans(peer.entity, matchMode);
  }
}

function reservedMeans(entity: string, matchMode: readonly string[]): Truth {
  if (entity.startsWith('world')) return 'yes';
  if (entity === 'host' || entity === 'remote-node') return truthOf(matchMode.includes('nodes'));
  // The API server may run outside the cluster or on a node.
  return entity === 'kube-apiserver' ? 'unknown' : 'no';
}

function addressText({ peer, peerIp, world }: Question): string {
  const ip = peerIp ?? 'address not known';
  const name = partyText(peer);
  const text = name === ip ? ip : `${ip} (${name})`;
  const isMeant =
    world.dataplane !== 'cilium' || ciliumMeans(peer, world.settings.policyCidrMatchMode) !== 'no';
  return isMeant ? text : `${text}, which no block of Cilium means`;
}

function missingAddress({ peer, peerIp }: Question): MissingFact {
  return peerIp === undefined
    ? { kind: 'peer', text: `which address of ${partyText(peer)} was used` }
    : { kind: 'peer', text: `whether ${partyText(peer)} is in the cluster` };
}
