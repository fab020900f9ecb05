import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compressBlock, decompressBlock } from '../../../server/columns/block-format.ts';
import {
  encodeFlows,
  mergeBlocks,
  readBlock,
  writeBlock,
} from '../../../server/columns/encoded-block.ts';
import type { Flow, FlowId } from '../../../server/core/flow.ts';
import { nanos } from '../../../server/core/time.ts';
import { anyFlow } from '../../support/arbitrary.ts';

/** Flows of which some need the wider forms: a port beyond 32 bits, an id of another shape, a leap of the clock. */
const anyOddFlow: fc.Arbitrary<Flow> = fc
  .tuple(anyFlow, fc.integer({ min: 0, max: 9 }))
  .map(([flow, odd]) => ({
    ...flow,
    ...(odd === 0 ? { sourcePort: 2 ** 33 } : {}),
    ...(odd === 1 ? { id: 'not-hexadecimal' as FlowId } : {}),
    ...(odd === 2 ? { observedAt: nanos(2n ** 62n) } : {}),
  }));

test('a block has the same bytes however its flows were split, merged and compressed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyOddFlow, { minLength: 1, maxLength: 5 }), {
        minLength: 2,
        maxLength: 6,
      }),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      (batches, cut, withSeqs) => {
        let seq = 0;
        const write = (flows: readonly Flow[]) => {
          const seqs = withSeqs ? flows.map(() => (seq += 3)) : undefined;
          return encodeFlows(flows, seqs);
        };
        const parts = batches.map(write);
        seq = 0;
        const whole = writeBlock(write(batches.flat()));
        const head = parts.slice(0, cut);
        const tail = parts.slice(cut);
        const stored = compressBlock(writeBlock(mergeBlocks(head)));
        const inSteps = compressBlock(writeBlock(mergeBlocks([readBlock(stored), ...tail])));
        expect(decompressBlock(inSteps).equals(whole)).toBe(true);
        expect(writeBlock(mergeBlocks(parts)).equals(whole)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});
