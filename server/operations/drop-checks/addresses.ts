import type { StoredFlow } from '../../core/flow.ts';
import { isLinkLocal } from '../../core/multicast.ts';
import { term } from '../../query/build.ts';
import {
  after,
  agoText,
  before,
  doubt,
  endWith,
  find,
  HOUR,
  isEnd,
  MINUTE,
  podName,
  sourceOf,
  timeText,
  type DropCheck,
  type Look,
} from './look.ts';

const DAY = 24n * HOUR;

/** Who had the source address before? */
export const senderAddress: DropCheck = async (drop, look) => {
  const { sourceIp, source } = drop;
  if (sourceIp === '') return undefined;
  if (isLinkLocal(sourceIp))
    return {
      strength: 'shown',
      finding: `${sourceIp} is a link-local address. Kernels send neighbour and router messages from it, and it is never the address of a pod.`,
      evidence: [drop.seq],
    };
  const holders = await find(look, term(undefined, 'ip', sourceIp), {
    ...{ within: before(drop, HOUR), limit: 50 },
  });
  const holder = podsAt(holders.flows, sourceIp).find(({ pod }) => pod !== podName(source));
  if (holder !== undefined)
    return {
      strength: 'shown',
      finding: `${sourceIp} was the address of ${holder.pod} ${agoText(drop, holder.flow)}${source.pod === '' ? '' : `, and is not that of ${podName(source)}`}.`,
      evidence: [holder.flow.seq],
    };
  return (await otherAddress(drop, look)) ?? notSeen(sourceIp, 'the hour', doubt(holders));
};

/** What the sending pod used otherwise. */
async function otherAddress(drop: StoredFlow, look: Look): ReturnType<DropCheck> {
  const isSender = drop.source.pod === '' ? undefined : isEnd('from', sourceOf(drop));
  if (isSender === undefined) return undefined;
  const { flows } = await find(look, isSender, { within: before(drop, HOUR), limit: 50 });
  const other = flows.find(({ sourceIp }) => sourceIp !== '' && sourceIp !== drop.sourceIp);
  return (
    other && {
      strength: 'likely',
      finding: `${podName(drop.source)} sent from ${other.sourceIp} ${agoText(drop, other)}; ${drop.sourceIp} is an address that it forwards for, or one of a second interface.`,
      evidence: [other.seq],
    }
  );
}

/** Who had the destination address before, and until when? */
export const addressOwner: DropCheck = async (drop, look) => {
  const { destinationIp: ip } = drop;
  if (ip === '') return undefined;
  const where = term(undefined, 'ip', ip);
  const earlier = await find(look, where, { within: before(drop, DAY), limit: 50 });
  const [owner] = podsAt(earlier.flows, ip);
  const later = await find(look, where, {
    within: after(drop, 10n * MINUTE),
    limit: 50,
    order: 'oldest',
  });
  const [successor] = podsAt(later.flows, ip);
  if (owner === undefined) {
    if (successor === undefined) return notSeen(ip, '24 h', doubt(earlier));
    return {
      strength: 'shown',
      finding: `${ip} became the address of ${successor.pod} at ${timeText(successor.flow.observedAt)}, after the drop: the pod was not there yet, or not known yet.`,
      evidence: [successor.flow.seq],
    };
  }
  const last = `${owner.pod} until ${timeText(owner.flow.observedAt)}, ${agoText(drop, owner.flow)}`;
  if (successor?.pod === owner.pod)
    return {
      strength: 'not-seen',
      finding: `${ip} is still the address of ${owner.pod}: it was seen with it ${agoText(drop, owner.flow)} and at ${timeText(successor.flow.observedAt)} again.`,
      evidence: [owner.flow.seq, successor.flow.seq],
    };
  if (successor !== undefined)
    return {
      strength: 'shown',
      finding: `${ip} was the address of ${last}, and became that of ${successor.pod} by ${timeText(successor.flow.observedAt)}.`,
      evidence: [owner.flow.seq, successor.flow.seq],
    };
  return {
    strength: 'likely',
    finding: `${ip} was the address of ${last}. No stored flow of the 10 min after shows a pod with it.`,
    evidence: [owner.flow.seq],
  };
};

const notSeen = (ip: string, span: string, suffix: string): Awaited<ReturnType<DropCheck>> => ({
  strength: 'not-seen',
  finding: `No stored flow of the ${span} before shows a pod with the address ${ip}.${suffix}`,
  evidence: [],
});

/** Pods that flows show with an address, in the order of the flows. A drop says what was tried, not who is there. */
function podsAt(
  flows: readonly StoredFlow[],
  ip: string,
): readonly { readonly pod: string; readonly flow: StoredFlow }[] {
  return flows.flatMap((flow) => {
    const found = flow.verdict.kind === 'dropped' ? undefined : endWith(flow, ip);
    return found === undefined || found.end.pod === '' ? [] : [{ pod: podName(found.end), flow }];
  });
}
