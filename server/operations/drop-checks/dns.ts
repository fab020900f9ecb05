import type { RecordedFlow, StoredFlow } from '../../core/flow.ts';
import { endTraits } from '../../core/end-traits.ts';
import { canonicalAddress } from '../../query/address.ts';
import { all, term } from '../../query/build.ts';
import { isObject, pick, pickObject } from '../../sources/decode/loose-json.ts';
import { unwrap } from '../../sources/decode/unwrap.ts';
import { recordJson } from '../show-flow.ts';
import {
  agoText,
  before,
  destinationOf,
  doubt,
  find,
  findRecords,
  HOUR,
  isEnd,
  podName,
  sourceOf,
  type DropCheck,
  type Look,
} from './look.ts';

const MOST = 200;

/** Was there a DNS answer for the destination before? FQDN rules know an address by nothing else. */
export const dns: DropCheck = async (drop, look) => {
  const { destinationIp: ip, destination, destinationNames } = drop;
  const isOutside = destination.pod === '' && endTraits(destination).includes('external');
  if (ip === '' || drop.direction === 'ingress' || !isOutside) return undefined;
  if (destinationNames.length > 0)
    return {
      strength: 'shown',
      finding: `The node knew ${ip} as ${destinationNames.join(', ')} when it dropped the packet: the look-up was seen, and the pattern of no rule matched the name.`,
      evidence: [drop.seq],
    };
  const answers = await answersFor(drop, look);
  const [answer] = answers.flows;
  if (answer !== undefined) {
    const mine = isSender(answer, drop);
    return {
      strength: mine ? 'shown' : 'likely',
      finding: `${answer.l7?.path ?? ''} resolved to ${ip} for ${mine ? podName(drop.source) : `another pod of the node (${asker(answer)})`} ${agoText(drop, answer)}. Either no FQDN rule matches that name, or the answer had expired.`,
      evidence: [answer.seq],
    };
  }
  return (await namedOnce(drop, look)) ?? nothing(drop, doubt(answers));
};

/** Answers that hold the address, of the hour before, on the same node: the pod's own first. */
async function answersFor(
  drop: StoredFlow,
  look: Look,
): Promise<{ readonly flows: readonly RecordedFlow[]; readonly whole: boolean }> {
  const found = await findRecords(
    look,
    all([
      term(undefined, 'event', 'l7'),
      ...(drop.node === '' ? [] : [term(undefined, 'node', drop.node)]),
      term(undefined, 'is', 'reply'),
      // Only DNS messages have answers with addresses.
      term('from', 'port', '53'),
    ]),
    { within: before(drop, HOUR), limit: MOST },
  );
  const wanted = canonicalAddress(drop.destinationIp);
  const holding = found.flows.filter((flow) =>
    addressesIn(flow).some((address) => canonicalAddress(address) === wanted),
  );
  const own = holding.filter((flow) => isSender(flow, drop));
  return { flows: own.length > 0 ? own : holding, whole: found.whole };
}

/** A DNS answer goes to the pod that asked. */
const isSender = ({ destination, destinationIp }: StoredFlow, drop: StoredFlow): boolean =>
  drop.source.pod === ''
    ? destinationIp === drop.sourceIp
    : podName(destination) === podName(drop.source);

const asker = ({ destination, destinationIp }: StoredFlow): string =>
  destination.pod === '' ? destinationIp : podName(destination);

function addressesIn({ raw }: RecordedFlow): readonly string[] {
  const record = recordJson(raw);
  if (!isObject(record)) return [];
  const told = unwrap(record);
  const l7 = pickObject(pickObject(told, 'flow') ?? told, 'l7');
  const ips = pick(pickObject(l7, 'dns'), 'ips');
  return Array.isArray(ips) ? ips.filter((ip): ip is string => typeof ip === 'string') : [];
}

/** A flow to the same address for which the node knew a name. */
async function namedOnce(drop: StoredFlow, look: Look): ReturnType<DropCheck> {
  const to = isEnd('to', destinationOf(drop));
  const from = isEnd('from', sourceOf(drop));
  if (to === undefined || from === undefined) return undefined;
  const { flows } = await find(look, all([from, to]), { within: before(drop, HOUR), limit: 50 });
  const named = flows.find(({ destinationNames }) => destinationNames.length > 0);
  return (
    named && {
      strength: 'likely',
      finding: `The node knew ${drop.destinationIp} as ${named.destinationNames.join(', ')} ${agoText(drop, named)}, and no longer when it dropped the packet: the answer had expired.`,
      evidence: [named.seq],
    }
  );
}

const nothing = (drop: StoredFlow, suffix: string): Awaited<ReturnType<DropCheck>> => ({
  strength: 'not-seen',
  finding: `No DNS answer with ${drop.destinationIp} is stored for this pod or its node in the hour before. An FQDN rule can match only what was looked up through Cilium's DNS proxy, which takes a dns rule.${suffix}`,
  evidence: [],
});
