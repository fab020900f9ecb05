import { dropReason } from './drop-reasons.ts';
import { endTraits } from './end-traits.ts';
import type { StoredFlow } from './flow.ts';
import { isLinkLocal, isMulticast } from './multicast.ts';
import { NANOS_PER_SECOND, type EpochNanos } from './time.ts';

/** Whether somebody is hurt by a drop, as far as the flows around it tell. docs/drops.md says the same in words. */
export const HARM_KINDS = ['harmful', 'recovered', 'noise', 'unclear'] as const;
export type HarmKind = (typeof HARM_KINDS)[number];

export type Harm = {
  readonly kind: HarmKind;
  /** One sentence. */
  readonly why: string;
  /** Sequence numbers of the flows that it rests on. */
  readonly evidence: readonly number[];
};

/** So long a client may take to try again with success. */
export const RECOVERY_NANOS = 30n * NANOS_PER_SECOND;
const RECOVERY_TEXT = `${RECOVERY_NANOS / NANOS_PER_SECOND} s`;
/** Records of one attempt, such as the verdict and the drop event of a packet, come closer together. */
const ONE_ATTEMPT_NANOS = NANOS_PER_SECOND / 2n;
/** A client outside that is denied at so many doors is trying them. */
const SCAN_DOORS = 5;
/** Where Cilium's health agents listen. */
const HEALTH_PORT = 4240;

export type HarmFacts = {
  /** The drop that stands for the others. */
  readonly drop: StoredFlow;
  /** When it was dropped last. */
  readonly lastAt: EpochNanos;
  readonly now: EpochNanos;
  /** Drops of the same ends, port and reason around then, oldest first. */
  readonly drops: readonly StoredFlow[];
  /** What got through between the same ends, from the first of the drops on, oldest first. */
  readonly passed: readonly StoredFlow[];
  /** The last that got through before the first of the drops. */
  readonly before: StoredFlow | undefined;
  /** Drops of the same source at any port of any destination; asked of clients outside only. */
  readonly denied: readonly StoredFlow[];
};

/** Weighs a drop by what else its ends did. */
export function judgeHarm(facts: HarmFacts): Harm {
  const { drop, drops, passed, before, lastAt, now } = facts;
  const noise = noiseOf(drop);
  if (noise !== undefined) return { kind: 'noise', why: noise, evidence: [] };
  const scan = scanOf(facts);
  if (scan !== undefined) return scan;
  const tries = attempts(drops);
  const rescued = tries.filter(({ observedAt }) => passedSoonAfter(passed, observedAt));
  const evidence = [...passed.slice(0, 3), ...(before === undefined ? [] : [before])].map(
    ({ seq }) => seq,
  );
  if (tries.length > 0 && rescued.length === tries.length)
    return {
      kind: 'recovered',
      why: `${counted(tries.length)} went through within ${RECOVERY_TEXT}.`,
      evidence,
    };
  if (now - lastAt < RECOVERY_NANOS)
    return {
      kind: 'unclear',
      why: `It was dropped less than ${RECOVERY_TEXT} ago and may yet go through.`,
      evidence,
    };
  if (rescued.length > 0)
    return {
      kind: 'harmful',
      why: `${tries.length - rescued.length} of ${tries.length} attempts did not go through within ${RECOVERY_TEXT}.`,
      evidence,
    };
  if (before !== undefined)
    return {
      kind: 'harmful',
      why: 'It went through before, and nothing did since it was dropped.',
      evidence,
    };
  if (tries.length > 1)
    return { kind: 'harmful', why: `${tries.length} attempts, and none went through.`, evidence };
  return {
    kind: 'unclear',
    why: `One attempt; it was not made again within ${RECOVERY_TEXT}.`,
    evidence,
  };
}

const counted = (attempts: number): string =>
  attempts === 1
    ? 'It was tried again and'
    : `Each of ${attempts} attempts was followed by one that`;

const passedSoonAfter = (passed: readonly StoredFlow[], at: EpochNanos): boolean =>
  passed.some(({ observedAt }) => observedAt > at && observedAt - at <= RECOVERY_NANOS);

/** The first record of each attempt. */
function attempts(drops: readonly StoredFlow[]): readonly StoredFlow[] {
  return drops.filter((drop, at) => {
    const earlier = drops[at - 1];
    return earlier === undefined || drop.observedAt - earlier.observedAt > ONE_ATTEMPT_NANOS;
  });
}

/**
 * Whether a flow between the ends of a drop shows that packets got past the place that dropped it. The sending node
 * reports as allowed what the receiving node goes on to drop, so that is no success of an ingress drop.
 */
export function gotThrough(flow: StoredFlow, drop: StoredFlow): boolean {
  if (flow.verdict.kind !== 'allowed' && flow.verdict.kind !== 'audit') return false;
  if (drop.event === 'l7') return flow.l7?.type === 'request' && flow.l7.path === drop.l7?.path;
  // What a socket was told to connect to says nothing of packets.
  if (flow.event === 'socket' || flow.event === 'l7') return false;
  if (flow.reply === 'yes' || flow.reporter === 'destination') return true;
  return drop.direction === 'egress' && flow.direction === 'egress';
}

/** Why a drop is of no consequence whatever else happened; `undefined`: it may be of consequence. */
function noiseOf(drop: StoredFlow): string | undefined {
  const { source, destination, sourceIp, destinationIp, destinationPort, verdict } = drop;
  if (verdict.kind === 'dropped') {
    const { category, code } = dropReason(verdict.reason);
    if (category === 'handled') return 'The packet was handled here; nothing was lost.';
    if (code === 'UNSUPPORTED_L2_PROTOCOL')
      return 'A frame without an IP packet, as switches send it.';
  }
  if (destinationIp === 'ff02::2')
    return 'IPv6 router solicitation of a kernel; no router answers in a pod network.';
  if (/^ff02::1:ff/i.test(destinationIp)) return 'IPv6 neighbour discovery.';
  if (isMulticast(destinationIp))
    return 'Multicast or broadcast, which nobody waits for an answer to.';
  if (isLinkLocal(sourceIp))
    return 'From a link-local address, which a kernel uses for messages of its own.';
  const isHealth = [source, destination].some(({ labels }) => labels.includes('reserved:health'));
  if (isHealth || (destinationPort === HEALTH_PORT && endTraits(source).includes('host')))
    return "A health probe of Cilium's own.";
  return undefined;
}

/** The flow comes from outside, and its sender is denied at many doors without getting through one. */
function scanOf({ drop, denied, passed, before }: HarmFacts): Harm | undefined {
  if (!isFromOutside(drop) || passed.length > 0 || before !== undefined) return undefined;
  const doors = new Set(
    denied.map(({ destinationIp, destinationPort }) => `${destinationIp} ${destinationPort}`),
  );
  if (doors.size < SCAN_DOORS) return undefined;
  return {
    kind: 'noise',
    why: `A scanner outside: ${drop.sourceIp} was denied at ${doors.size} different addresses and ports within 10 min, and got through nowhere here.`,
    evidence: denied.slice(0, 5).map(({ seq }) => seq),
  };
}

export const isFromOutside = ({ source, direction }: StoredFlow): boolean =>
  direction !== 'egress' && endTraits(source).includes('external');
