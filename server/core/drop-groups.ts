import { endName, type EndAddress, type NamedEnd } from './end-name.ts';
import { policyName } from './fields.ts';
import type { Flow, PolicyHit } from './flow.ts';
import type { EpochNanos } from './time.ts';

/** What grouping reads of a dropped flow. */
export type Drop = Pick<Flow, 'node' | 'event' | 'protocol' | 'direction' | 'hits'> & {
  readonly observedAt: EpochNanos;
  /** Code of the drop reason. */
  readonly reason: string;
  readonly source: DropEnd;
  readonly destination: DropEnd;
};

type DropEnd = NamedEnd & EndAddress & { readonly cluster: string; readonly port: number };

export type DropGrouper = {
  /** Fingerprint of the group that a drop belongs to. Call once a drop, in commit order. */
  keyOf(drop: Drop): string;
};

/** The datapath writes the drop of a denied packet some microseconds after the verdict on it. */
const TWIN_NANOS = 1_000_000_000n;
const MAX_VERDICTS = 10_000;

/**
 * Groups drops by what caused them. Cilium tells a denied packet twice: a policy verdict, which may name the
 * policy, and a drop event, which never does (reference/hubble.md 5.3). The drop joins the group of its verdict.
 */
export function createDropGrouper(): DropGrouper {
  const verdicts = new Map<string, { readonly key: string; readonly at: bigint }>();
  return {
    keyOf(drop) {
      const key = fingerprint(drop);
      if (drop.event !== 'policy-verdict' && drop.event !== 'drop') return key;
      const packet = packetOf(drop);
      if (drop.event === 'drop') {
        const verdict = verdicts.get(packet);
        const apart = verdict === undefined ? TWIN_NANOS : drop.observedAt - verdict.at;
        return verdict !== undefined && apart >= 0n && apart < TWIN_NANOS ? verdict.key : key;
      }
      verdicts.delete(packet);
      verdicts.set(packet, { key, at: drop.observedAt });
      const [oldest] = verdicts.keys();
      if (verdicts.size > MAX_VERDICTS && oldest !== undefined) verdicts.delete(oldest);
      return key;
    },
  };
}

function packetOf({ node, source, destination, protocol }: Drop): string {
  return [node, source.ip, source.port, destination.ip, destination.port, protocol].join('|');
}

/** Both ends' workloads, destination port, protocol, direction, reason, and the policies that are credited. */
function fingerprint(drop: Drop): string {
  return [
    endKey(drop.source),
    endKey(drop.destination),
    drop.destination.port,
    drop.protocol,
    drop.direction,
    drop.reason,
    ...decidingHits(drop.hits).map((hit) => policyName(hit.policy)),
  ].join('|');
}

const endKey = (end: DropEnd): string => `${end.cluster}:${endName(end, end)}`;

/** Hits of policies that decided. Mere witnesses and staged policies are left out. */
export function decidingHits(hits: readonly PolicyHit[]): readonly PolicyHit[] {
  return hits.filter((hit) => hit.stage !== 'pending' && hit.matched !== 'end-of-tier');
}

/** Which of two drops of a group stands for it: the later, unless only the earlier names its policy. */
export function representative<D extends Pick<Flow, 'hits'>>(earlier: D | undefined, later: D): D {
  return earlier !== undefined && earlier.hits.length > 0 && later.hits.length === 0
    ? earlier
    : later;
}
