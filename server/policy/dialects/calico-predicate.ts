import { canonicalAddress } from '../../query/address.ts';
import type { Party } from '../facts.ts';
import type { Question } from '../form.ts';

/** The halves of a Calico rule, which are not the ends that policies apply to: both may be restricted. */
export type Side = 'source' | 'destination';

export type End = {
  readonly party: Party;
  readonly ip: string | undefined;
  readonly port: number | undefined;
};

export function endAt(question: Question, side: Side): End {
  const { connection, way, subject, subjectIp, peer, peerIp } = question;
  const isSubject = (side === 'source') === (way === 'egress');
  const port = side === 'source' ? connection.sourcePort : connection.port;
  return isSubject ? { party: subject, ip: subjectIp, port } : { party: peer, ip: peerIp, port };
}

/** 4 or 6, of the addresses that were used; `undefined` when neither is known and the ends have both. */
export function familyOf({ subject, subjectIp, peer, peerIp }: Question): 4 | 6 | undefined {
  const ip = subjectIp ?? peerIp;
  if (ip !== undefined) return addressFamily(ip);
  const families = [subject, peer].map((party) => new Set(addressesOf(party).map(addressFamily)));
  const [only] = families.filter(({ size }) => size === 1).flatMap((each) => [...each]);
  return only;
}

export const addressFamily = (ip: string): 4 | 6 =>
  (canonicalAddress(ip) ?? ip).includes(':') ? 6 : 4;

const addressesOf = (party: Party): readonly string[] => ('ips' in party ? party.ips : []);
