import { nanos } from '../../server/core/time.ts';
import type { Flow, Gap } from '../../server/core/flow.ts';
import { calicoLines } from '../../server/sources/calico-line.ts';
import { hubbleLines } from '../../server/sources/hubble-line.ts';
import type { LineDecoder } from '../../server/sources/line-decoder.ts';
import { anyFormat } from '../../server/sources/line-format.ts';
import { createRejections } from '../../server/sources/rejections.ts';
import { decodeLine } from '../../server/sources/tailed-source.ts';
import { sampleLines, sampleNames } from '../support/samples.ts';
import { createRandom, mutateBytes, mutateJson, type Random } from './mutate.ts';

export type FuzzReport = {
  readonly lines: number;
  readonly flows: number;
  readonly gaps: number;
  readonly empty: number;
  /** By reason. */
  readonly rejected: ReadonlyMap<string, number>;
  readonly slowestMs: number;
};

type Samples = { readonly bytes: readonly Uint8Array[]; readonly documents: readonly unknown[] };

const RECEIVED = nanos(1_800_000_000_000_000_000n);
/** A decoder keeps what it has seen: a fresh one now and then, as after a restart. */
const LINES_PER_DECODER = 5_000;

/**
 * Decodes mutated sample lines of each format, by its own decoder and by the one that tells them apart. Throws
 * with seed and line where a decoder throws, says nothing of a line, or makes a flow that no store could hold.
 */
export function fuzzLines({
  count,
  seed,
}: {
  readonly count: number;
  readonly seed: number;
}): FuzzReport {
  const random = createRandom(seed);
  const formats = [
    { samples: samplesOf('hubble'), create: () => hubbleLines('fuzz', 'node') },
    { samples: samplesOf('calico'), create: () => calicoLines('fuzz', 'node') },
  ];
  const rejected = new Map<string, number>();
  const totals = { lines: count, flows: 0, gaps: 0, empty: 0, rejected, slowestMs: 0 };
  for (let at = 0; at < count;) {
    const { samples, create } = random.pick(formats);
    const decode = random.below(2) === 0 ? create() : anyFormat('fuzz', 'node');
    const until = Math.min(count, at + LINES_PER_DECODER);
    for (; at < until; at += 1) {
      const bytes = mutate(samples, random);
      const startedMs = performance.now();
      try {
        decodeOne(decode, bytes, at, totals);
      } catch (cause) {
        throw new Error(`seed ${seed}, line ${at}: ${bytes.toString('latin1').slice(0, 2_000)}`, {
          cause,
        });
      }
      totals.slowestMs = Math.max(totals.slowestMs, performance.now() - startedMs);
    }
  }
  return totals;
}

/** Samples of other things than lines. */
const NO_LINES = /(filters|wire-vectors|whisker|goldmane|policy-strings|selector|scenarios)/;

function samplesOf(folder: string): Samples {
  const lines = sampleNames(folder)
    .filter((name) => /\.(jsonl|log)$/.test(name) && !NO_LINES.test(name))
    .flatMap(sampleLines);
  return { bytes: lines.map((line) => Buffer.from(line)), documents: lines.flatMap(parsed) };
}

function parsed(line: string): readonly unknown[] {
  try {
    return [JSON.parse(line)];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function mutate({ bytes, documents }: Samples, random: Random): Buffer {
  if (random.below(3) === 0) return mutateBytes(random.pick(bytes), bytes, random);
  const document = mutateJson(random.pick(documents), documents, random);
  return Buffer.from(JSON.stringify(document));
}

type Totals = { -readonly [Key in keyof FuzzReport]: FuzzReport[Key] } & {
  readonly rejected: Map<string, number>;
};

function decodeOne(decode: LineDecoder, bytes: Buffer, offset: number, totals: Totals): void {
  const rejections = createRejections();
  const place = { file: 'fuzz', offset, always: false };
  const { flow, gap, rejected } = decodeLine({
    bytes,
    place,
    receivedAt: RECEIVED,
    decode,
    rejections,
  });
  const counted = rejections.take();
  for (const { reason, count } of counted) {
    totals.rejected.set(reason, (totals.rejected.get(reason) ?? 0) + count);
  }
  if ((rejected === undefined) !== (counted.length === 0))
    throw new Error('rejected and not counted');
  if (flow !== undefined) {
    checkFlow(flow);
    totals.flows += 1;
  } else if (gap !== undefined) {
    checkGap(gap);
    totals.gaps += 1;
  } else if (rejected === undefined) {
    const visible = bytes.toString('utf8').replaceAll('\0', '').replaceAll('\uFEFF', '').trim();
    if (visible !== '') throw new Error('a line that is nothing');
    totals.empty += 1;
  }
}

const INT64 = 2n ** 63n;
const inInt64 = (value: bigint): boolean => value >= -INT64 && value < INT64;

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function checkFlow(flow: Flow): void {
  must(/^[0-9a-f]{32}$/.test(flow.id), 'id');
  must(inInt64(flow.observedAt), 'observedAt');
  if (flow.window !== undefined)
    must(inInt64(flow.window.from) && inInt64(flow.window.to), 'window');
  for (const port of [flow.sourcePort, flow.destinationPort]) {
    must(Number.isSafeInteger(port), `port ${port}`);
  }
  for (const [name, value] of Object.entries(flow.counts)) {
    must(Number.isSafeInteger(value) && value >= -1, `${name} ${value}`);
  }
  for (const text of [
    flow.node,
    flow.sourceIp,
    flow.destinationIp,
    flow.protocol,
    flow.wireVerdict,
  ]) {
    must(typeof text === 'string', 'text');
  }
  for (const end of [flow.source, flow.destination]) checkEnd(end);
  for (const { policy, rule } of flow.hits) {
    must(Number.isSafeInteger(rule) && rule >= -1, `rule ${rule}`);
    must(
      Object.values(policy).every((text) => typeof text === 'string'),
      'policy',
    );
  }
}

function checkEnd({ identity, labels, ...texts }: Flow['source']): void {
  must(Number.isSafeInteger(identity) && identity >= 0, `identity ${identity}`);
  must(
    labels.every((label) => typeof label === 'string'),
    'label',
  );
  must(
    Object.values(texts).every((text) => typeof text === 'string'),
    'endpoint',
  );
}

function checkGap({ from, to, count, node, reason }: Gap): void {
  must(inInt64(from) && inInt64(to) && from <= to, 'span of a gap');
  must(count === undefined || count >= 0n, 'count of a gap');
  must(typeof node === 'string' && typeof reason === 'string', 'text of a gap');
}
