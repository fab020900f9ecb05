import {
  createFastHubbleDecoder,
  createGenericHubbleDecoder,
} from '../../server/sources/decode/hubble-bytes.ts';
import type { HubbleRecord } from '../../server/sources/decode/hubble.ts';
import { RECEIVED } from './decode-hubble.ts';

/** Both ways side by side, each with a memory of its own that learns from the same messages. */
export function bothWays() {
  let left = 0;
  let turn = 0;
  const generic = createGenericHubbleDecoder({ origin: 'test' });
  const fast = createFastHubbleDecoder({ origin: 'test', onGeneric: () => (left += 1) });
  return {
    decode: (bytes: Buffer): { readonly right: HubbleRecord; readonly found: HubbleRecord } => {
      // They share what was read of equal bytes, so either must be right when it is the first to meet them.
      turn += 1;
      if (turn % 2 === 0) return { right: generic(bytes, RECEIVED), found: fast(bytes, RECEIVED) };
      const found = fast(bytes, RECEIVED);
      return { right: generic(bytes, RECEIVED), found };
    },
    leftToGeneric: () => left,
  };
}
