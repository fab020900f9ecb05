import { endName } from './end-name.ts';
import { policyName } from './policy-name.ts';
import type { Endpoint, Flow, PolicyHit, StoredFlow } from './flow.ts';
import type { EpochNanos } from './time.ts';

/**
 * Drops that share a fingerprint: both ends' workloads, destination port, protocol, direction, reason, and the
 * policies that are credited. `D` is what is kept of a drop; a `StoredFlow` where nothing is left out.
 */
export type DropGroup<D = StoredFlow> = {
  readonly key: string;
  /** Dropped packets: the verdict and the drop event of one packet count once, an aggregate by its events. */
  readonly count: number;
  readonly firstAt: EpochNanos;
  readonly lastAt: EpochNanos;
  /** Of the record committed last. */
  readonly lastSeq: number;
  /** The latest drop that says the most: of drops with and without their policy, the latest with one. */
  readonly latest: D;
};

/** What grouping reads of a dropped flow. */
export type Drop = Pick<
  Flow,
  | 'observedAt'
  | 'node'
  | 'event'
  | 'protocol'
  | 'direction'
  | 'hits'
  | 'counts'
  | 'source'
  | 'sourceIp'
  | 'sourceNames'
  | 'sourcePort'
  | 'destination'
  | 'destinationIp'
  | 'destinationNames'
  | 'destinationPort'
>;

/** A drop as groupers take it; worked out once, however many groupers there are. */
export type DropTraits = {
  readonly fingerprint: string;
  /** Same for the two records that Cilium makes of one packet; empty for all other records. */
  readonly packet: string;
  readonly isVerdict: boolean;
  readonly observedAt: EpochNanos;
  readonly events: number;
};

export type DropPlace = {
  /** Group that the drop belongs to. */
  readonly key: string;
  /** What it adds to the group's count: 0 for the drop event of a packet whose verdict was counted. */
  readonly count: number;
};

export type DropGrouper = {
  /** Call once a drop, in commit order. */
  place(drop: DropTraits): DropPlace;
};

/** The datapath writes the drop of a denied packet some microseconds after the verdict on it. */
const TWIN_NANOS = 1_000_000_000n;
/** Verdicts that wait for their drop event; the older half is forgotten when there are more. */
const MAX_VERDICTS = 10_000;

/** Verdicts on packets that look alike, each of which may take a drop event. */
type Verdicts = { readonly key: string; readonly at: bigint; count: number };

/**
 * Groups drops by what caused them. Cilium tells a denied packet twice: a policy verdict, which may name the
 * policy, and a drop event, which never does (reference/hubble.md 5.3). The drop event joins the group of its
 * verdict and adds nothing to the count. Each verdict takes one drop event, so that a packet whose verdict is
 * missing counts by its drop event. A grouper knows the drops that it was given and no others: with one for
 * each query, a query that matches only drop events counts those.
 */
export function createDropGrouper(): DropGrouper {
  // Two generations: forgetting one by one would make the map search its beginning each time.
  let recent = new Map<string, Verdicts>();
  let older = new Map<string, Verdicts>();
  const find = (packet: string): Verdicts | undefined => recent.get(packet) ?? older.get(packet);

  const forget = (packet: string): void => {
    recent.delete(packet);
    older.delete(packet);
  };

  const note = ({ packet, fingerprint, observedAt }: DropTraits): void => {
    const before = find(packet);
    const more = before !== undefined && isSoonAfter(before.at, observedAt) ? before.count : 0;
    older.delete(packet);
    recent.set(packet, { key: fingerprint, at: observedAt, count: more + 1 });
    if (recent.size < MAX_VERDICTS / 2) return;
    older = recent;
    recent = new Map();
  };

  return {
    place(drop) {
      const { fingerprint, packet, isVerdict, observedAt, events } = drop;
      const alone = { key: fingerprint, count: events };
      if (packet === '') return alone;
      if (isVerdict) {
        note(drop);
        return alone;
      }
      const verdicts = find(packet);
      if (verdicts === undefined || !isSoonAfter(verdicts.at, observedAt)) return alone;
      verdicts.count -= 1;
      if (verdicts.count === 0) forget(packet);
      return { key: verdicts.key, count: 0 };
    },
  };
}

const isSoonAfter = (earlier: bigint, later: bigint): boolean =>
  later >= earlier && later - earlier < TWIN_NANOS;

/** `reason` is the code of the drop reason. */
export function dropTraits(drop: Drop, reason: string): DropTraits {
  const { event, observedAt, counts } = drop;
  const isVerdict = event === 'policy-verdict';
  return {
    fingerprint: fingerprintOf(drop, reason),
    packet: isVerdict || event === 'drop' ? packetOf(drop) : '',
    isVerdict,
    observedAt,
    events: counts.events,
  };
}

function packetOf(drop: Drop): string {
  const { node, sourceIp, sourcePort, destinationIp, destinationPort, protocol } = drop;
  return `${node}|${sourceIp}|${sourcePort}|${destinationIp}|${destinationPort}|${protocol}`;
}

function fingerprintOf(drop: Drop, reason: string): string {
  return [
    endKey(drop.source, drop.sourceNames, drop.sourceIp),
    endKey(drop.destination, drop.destinationNames, drop.destinationIp),
    drop.destinationPort,
    drop.protocol,
    drop.direction,
    reason,
    ...decidingHits(drop.hits).map((hit) => policyName(hit.policy)),
  ].join('|');
}

const endKey = (end: Endpoint, names: readonly string[], ip: string): string =>
  `${end.cluster}:${endName(end, { names, ip })}`;

/** Hits of policies that decided. Mere witnesses and staged policies are left out. */
export function decidingHits(hits: readonly PolicyHit[]): readonly PolicyHit[] {
  return hits.filter((hit) => hit.stage !== 'pending' && hit.matched !== 'end-of-tier');
}

/** Which of two drops of a group stands for it: the later, unless only the earlier names its policy. */
export function representative<D extends { readonly hits: readonly unknown[] }>(
  earlier: D | undefined,
  later: D,
): D {
  return earlier !== undefined && earlier.hits.length > 0 && later.hits.length === 0
    ? earlier
    : later;
}

/** The group with one more drop; a new one when there is none yet. */
export function growGroup<D extends Pick<StoredFlow, 'seq' | 'observedAt' | 'hits'>>(
  group: DropGroup<D> | undefined,
  { key, count }: DropPlace,
  drop: D,
): DropGroup<D> {
  const { observedAt, seq } = drop;
  if (group === undefined) {
    return { key, count, firstAt: observedAt, lastAt: observedAt, lastSeq: seq, latest: drop };
  }
  return {
    key: group.key,
    count: group.count + count,
    firstAt: observedAt < group.firstAt ? observedAt : group.firstAt,
    lastAt: observedAt > group.lastAt ? observedAt : group.lastAt,
    lastSeq: seq,
    latest: representative(group.latest, drop),
  };
}
