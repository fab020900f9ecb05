import { isDeepStrictEqual } from 'node:util';
import { bothWays } from '../support/both-ways.ts';
import { mutateWire } from '../support/mutate-wire.ts';
import { seededNumbers } from '../support/pod-traffic.ts';
import { wireVectors } from '../support/samples.ts';

export type MessageFuzzReport = {
  readonly messages: number;
  readonly flows: number;
  /** Messages that the fast decoder left to the other one. */
  readonly leftToGeneric: number;
  readonly slowestMs: number;
  /** By reason. */
  readonly rejected: ReadonlyMap<string, number>;
};

/**
 * Decodes mutated messages both ways. Throws with seed and message where a decoder throws, or the two do not give the
 * same.
 */
export function fuzzMessages({
  count,
  seed,
}: {
  readonly count: number;
  readonly seed: number;
}): MessageFuzzReport {
  const vectors = wireVectors().map(({ pb }) => Buffer.from(pb, 'base64'));
  const pick = seededNumbers(seed);
  const { decode, leftToGeneric } = bothWays();
  const anyVector = (): Buffer => vectors[pick(vectors.length)] ?? Buffer.alloc(0);
  const rejected = new Map<string, number>();
  let flows = 0;
  let slowestMs = 0;
  for (let at = 0; at < count; at += 1) {
    const bytes = mutateWire(anyVector(), pick, anyVector());
    const place = (): string => `seed ${seed}, message ${at}: ${bytes.toString('hex')}`;
    const startedMs = performance.now();
    let result: ReturnType<typeof decode>;
    try {
      result = decode(bytes);
    } catch (cause) {
      throw new Error(place(), { cause });
    }
    slowestMs = Math.max(slowestMs, performance.now() - startedMs);
    const { right, found } = result;
    if (!isDeepStrictEqual(found, right)) throw new Error(`the decoders differ; ${place()}`);
    if (!right.ok) rejected.set(right.reason, (rejected.get(right.reason) ?? 0) + 1);
    else if (right.kind === 'flow') flows += 1;
  }
  return { messages: count, flows, leftToGeneric: leftToGeneric(), slowestMs, rejected };
}
