import { expect, test } from 'vitest';
import { openBlock } from '../../../server/columns/block.ts';
import { assemble, readParts } from '../../../server/columns/block-format.ts';
import {
  encodeFlows,
  mergeBlocks,
  readBlock,
  writeBlock,
} from '../../../server/columns/encoded-block.ts';
import { materialize } from '../../../server/columns/materialize.ts';
import type { Flow } from '../../../server/core/flow.ts';
import { aFlow } from '../../support/flow.ts';

/** A block as it was written before flows had a `pair`. */
function olderBlock(flows: readonly Flow[], seqs?: readonly number[]): Buffer {
  const { rows, names, entry, payload } = readParts(writeBlock(encodeFlows(flows, seqs)));
  const kept = names.filter((name) => name !== 'pair');
  return assemble(
    rows,
    kept.map((name) => {
      const [, kind, distinct] = entry(name);
      return { name, kind, distinct, codec: 'plain', bytes: payload(name) };
    }),
  );
}

test('rows of a block without the column belong to no new pair', () => {
  const block = openBlock(olderBlock([aFlow({ pair: 'new' }), aFlow()]));
  expect([0, 1].map((row) => materialize(block, row, row).pair)).toEqual(['', '']);
});

test.each([[undefined], [[4, 9]]])('it is joined with newer ones, sequence numbers %j', (seqs) => {
  const [older, newer] = [
    [aFlow(), aFlow()],
    [aFlow({ pair: 'new' }), aFlow()],
  ];
  const later = seqs?.map((seq) => seq + 10);
  const merged = mergeBlocks([readBlock(olderBlock(older, seqs)), encodeFlows(newer, later)]);
  const block = openBlock(writeBlock(merged));
  const flows = [0, 1, 2, 3].map((row) => materialize(block, row, row));
  expect(flows.map(({ pair }) => pair)).toEqual(['', '', 'new', '']);
  expect(flows.map(({ id }) => id)).toEqual([...older, ...newer].map(({ id }) => id));
});
