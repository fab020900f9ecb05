import { DATAPATH_ADVICE } from './datapath.ts';
import { DROP_CHECK_IDS, type DropAdvice } from './entry.ts';
import { NAT_ADVICE } from './nat.ts';
import { OTHER_ADVICE } from './other.ts';
import { PACKET_ADVICE } from './packet.ts';
import { POLICY_ADVICE } from './policy.ts';
import { PROTOCOL_ADVICE } from './protocol.ts';
import { ROUTING_ADVICE } from './routing.ts';
import { SENDER_ADVICE } from './sender.ts';
import { SERVICE_ADVICE } from './service.ts';
import { TUNNEL_ADVICE } from './tunnel.ts';

/** One entry for each reason of `core/drop-reasons.ts`. */
export const DROP_ADVICE: readonly DropAdvice[] = [
  ...POLICY_ADVICE,
  ...SENDER_ADVICE,
  ...PACKET_ADVICE,
  ...PROTOCOL_ADVICE,
  ...ROUTING_ADVICE,
  ...TUNNEL_ADVICE,
  ...SERVICE_ADVICE,
  ...NAT_ADVICE,
  ...DATAPATH_ADVICE,
  ...OTHER_ADVICE,
];

const BY_CODE = new Map(DROP_ADVICE.map((advice) => [advice.code, advice]));

/** What is known of a reason; of one that is newer than this program, what can be done all the same. */
export function dropAdvice(code: string): DropAdvice {
  return (
    BY_CODE.get(code) ?? {
      code,
      means: `The source gave the reason ${code}, which is newer than this version of Dropwise.`,
      policy: { part: 'may', words: 'Not known. This version does not know the reason.' },
      causes: ['A version of Cilium that is newer than this program.'],
      next: ["The text of the reason in Cilium's own monitor.", 'A newer version of Dropwise.'],
      commands: ['watch', 'status'],
      checks: DROP_CHECK_IDS,
    }
  );
}
