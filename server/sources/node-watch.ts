import type { Gap } from '../core/flow.ts';
import { NANOS_PER_SECOND, type EpochNanos } from '../core/time.ts';

/** Follows which nodes a relay reaches, and turns each absence into a gap when it is over. */
export type NodeWatch = {
  /** The relay counts the node among the connected ones. */
  readonly connected: (node: string, at: EpochNanos) => void;
  readonly unavailable: (node: string, at: EpochNanos) => void;
  /** The node's stream failed, and tells nothing until the relay has opened it again. */
  readonly failed: (node: string, message: string, at: EpochNanos) => void;
  /** A flow of the node came: it is back, whatever the relay said last. Answers whether that is news. */
  readonly flowSeen: (node: string, at: EpochNanos) => boolean;
  /** Absences that ended since the last call. */
  readonly takeGaps: () => Gap[];
  /** Absences that last until now, as gaps that end now. */
  readonly closeAll: (at: EpochNanos) => void;
  readonly state: () => { readonly connected: number; readonly unavailable: readonly string[] };
  /**
   * Whether every node says the same thing against the request. Not when any is connected or says something else,
   * nor when what they say is of the network and passes.
   */
  readonly allRefuse: () => boolean;
  /** Why nodes that are absent now failed, for a person; empty when none did. */
  readonly failures: () => string;
};

type Absence = {
  readonly from: EpochNanos;
  /** What the relay told of it last; absent where it only says that there is no connection. */
  failure?: { readonly message: string; readonly at: EpochNanos };
};

/**
 * Relay repeats the error of a node that goes on refusing the stream about every ten seconds, while it counts that
 * node as connected (reference/hubble.md 6.4, 6.6). So only an older error is over because of such a word.
 */
const REPEATED_WITHIN = 15n * NANOS_PER_SECOND;
/** An absence this short before the stream ends is that end itself, which the next connection's marks tell of. */
const END_OF_STREAM = NANOS_PER_SECOND;
/** Nodes named with one error, and errors told at once. */
const SHOWN = 3;

export function createNodeWatch(origin: string): NodeWatch {
  const up = new Set<string>();
  const absent = new Map<string, Absence>();
  let gaps: Gap[] = [];
  const isBack = (node: string, to: EpochNanos): void => {
    const from = absent.get(node)?.from;
    if (from === undefined) return;
    absent.delete(node);
    if (to <= from) return;
    const reason = 'node unavailable';
    gaps.push({ kind: 'unwatched', origin, node, from, to, count: undefined, reason });
  };
  const isGone = (node: string, at: EpochNanos): Absence => {
    up.delete(node);
    const absence = absent.get(node) ?? { from: at };
    absent.set(node, absence);
    return absence;
  };
  return {
    connected: (node, at) => {
      const failure = absent.get(node)?.failure;
      if (failure !== undefined && at < failure.at + REPEATED_WITHIN) return;
      isBack(node, at);
      up.add(node);
    },
    unavailable: (node, at) => void isGone(node, at),
    failed: (node, message, at) => {
      isGone(node, at).failure = { message, at };
    },
    flowSeen: (node, at) => {
      const from = absent.get(node)?.from;
      // Buffered flows from before the loss still arrive after the news of it.
      if (from === undefined || at <= from) return false;
      isBack(node, at);
      up.add(node);
      return true;
    },
    takeGaps: () => {
      const taken = gaps;
      gaps = [];
      return taken;
    },
    closeAll: (at) => {
      for (const [node, { from }] of absent) if (at >= from + END_OF_STREAM) isBack(node, at);
    },
    state: () => ({ connected: up.size, unavailable: [...absent.keys()].sort() }),
    allRefuse: () => up.size === 0 && haveOneRefusal([...absent.values()]),
    failures: () => failuresText(absent),
  };
}

/** How gRPC names what passes by itself; the texts of nodes are those of their streams. */
const PASSING =
  /code = (Unavailable|Canceled|DeadlineExceeded|Aborted|ResourceExhausted)|transport is closing/i;

function haveOneRefusal(absences: readonly Absence[]): boolean {
  const messages = new Set(absences.map(({ failure }) => failure?.message));
  const [message] = messages;
  return messages.size === 1 && message !== undefined && !PASSING.test(message);
}

/** One error is often that of many nodes, so it is told once, with the first of them. */
function failuresText(absent: ReadonlyMap<string, Absence>): string {
  const nodes = new Map<string, string[]>();
  for (const [node, { failure }] of absent) {
    if (failure === undefined) continue;
    const named = nodes.get(failure.message);
    if (named === undefined) nodes.set(failure.message, [node]);
    else named.push(node);
  }
  const texts = [...nodes].map(([message, names]) => `${shortList(names.sort())}: ${message}`);
  const more = texts.length > SHOWN ? [`${texts.length - SHOWN} more`] : [];
  return [...texts.slice(0, SHOWN), ...more].join('; ');
}

function shortList(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return names.slice(0, SHOWN).join(', ') + more;
}
