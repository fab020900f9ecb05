import type { Flow } from '../core/flow.ts';

/** Decides which rows a viewer gets when there are more than he asked for. */
export type Thinner = { admits(flow: Flow): boolean };

/**
 * Keeps about `perSecond` rows a second, chosen by a hash of the conversation, so that one that is shown is
 * shown whole: both ways, from the first packet to the last. The share follows the rate of the second before.
 */
export function createThinner({
  perSecond,
  nowMs,
}: {
  readonly perSecond: number;
  readonly nowMs: () => number;
}): Thinner {
  let second = Math.floor(nowMs() / 1_000);
  let seen = 0;
  let admitted = 0;
  let share = 1;
  return {
    admits(flow) {
      const now = Math.floor(nowMs() / 1_000);
      if (now !== second) {
        share = seen === 0 || now - second > 1 ? 1 : Math.min(1, perSecond / seen);
        second = now;
        seen = 0;
        admitted = 0;
      }
      seen += 1;
      // The hard limit guards the second in which the rate jumps and the share is still that of a quiet one.
      if (admitted >= perSecond * 2) return false;
      if (share < 1 && conversationHash(flow) > share * 0xffff_ffff) return false;
      admitted += 1;
      return true;
    },
  };
}

/** FNV-1a over both ends, the same whichever of them sent the packet. */
function conversationHash(flow: Flow): number {
  const source = `${flow.sourceIp || flow.source.pod || flow.source.workload}:${String(flow.sourcePort)}`;
  const destination = `${flow.destinationIp || flow.destination.pod || flow.destination.workload}:${String(flow.destinationPort)}`;
  const text = source < destination ? `${source}|${destination}` : `${destination}|${source}`;
  let hash = 0x811c_9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
  }
  return hash >>> 0;
}
