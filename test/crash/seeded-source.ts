import type {
  Checkpoint,
  Flow,
  FlowBatch,
  FlowId,
  Gap,
  PolicyHit,
} from '../../server/core/flow.ts';
import { NANOS_PER_SECOND, nanos, type EpochNanos } from '../../server/core/time.ts';
import type { Verdict } from '../../server/core/verdict.ts';
import { createRandom, mixSeed, textSeed, type Random } from '../../server/demo/random.ts';
import type { FlowSource } from '../../server/sources/flow-source.ts';
import { aFlow } from '../support/flow.ts';

/**
 * A source whose batches are known beforehand. A `file` resumes at its checkpoint exactly; a `stream` tells some
 * batches again, and some of its batches carry no checkpoint.
 */
export type SeededSource = FlowSource & {
  readonly mode: 'file' | 'stream';
  /** All batches, in order, as they are told the first time. */
  readonly batches: readonly FlowBatch[];
  /** Batches that were handed over and committed, before this run too. */
  committed(): number;
  /** Resolves when everything was read and committed. */
  readonly ended: Promise<undefined>;
};

const START = 1_770_000_000n * NANOS_PER_SECOND;
/** No more than these in a row carry no checkpoint, so as many may be stored beyond the stored one. */
export const MAX_UNMARKED = 2;
const MAX_OVERLAP = 3;
const PODS = ['web-0', 'web-1', 'db-0', 'cache-0', 'batch-7'];

const VERDICTS: readonly Verdict[] = [
  { kind: 'allowed' },
  { kind: 'allowed' },
  { kind: 'dropped', reason: 'POLICY_DENIED' },
  { kind: 'dropped', reason: 'CT_MAP_INSERTION_FAILED' },
  { kind: 'audit' },
  { kind: 'error' },
  { kind: 'unknown', wire: '15' },
];

/** When the flows of a batch were received; those of the next one later. */
export const receivedAt = (batch: number): EpochNanos =>
  nanos(START + BigInt(batch) * NANOS_PER_SECOND);

export function seededSource(options: {
  readonly name: string;
  readonly seed: number;
  readonly batchCount: number;
}): SeededSource {
  const { name, seed, batchCount } = options;
  const random = createRandom(mixSeed(seed, textSeed(name)));
  const mode = random.chance(0.5) ? 'file' : 'stream';
  const overlap = 1 + random.below(MAX_OVERLAP);
  const batches: FlowBatch[] = [];
  let unmarked = 0;
  for (let at = 0; at < batchCount; at += 1) {
    const isMarked =
      mode === 'file' || at === batchCount - 1 || unmarked >= MAX_UNMARKED || random.chance(0.7);
    unmarked = isMarked ? 0 : unmarked + 1;
    batches.push(batchAt(name, at, isMarked, random));
  }
  const ended = Promise.withResolvers<undefined>();
  let committed = 0;
  return {
    name,
    kind: mode === 'file' ? 'calico-file' : 'hubble-relay',
    target: name,
    mode,
    batches,
    committed: () => committed,
    ended: ended.promise,
    async *read(after, signal) {
      const from = after === undefined ? 0 : Number(after);
      const begin = mode === 'file' ? from : Math.max(0, from - overlap);
      for (const [at, batch] of batches.entries()) {
        if (at < begin) continue;
        if (signal.aborted) return;
        // A stream that begins anew may tell again what was stored after the last checkpoint, too.
        const mayRepeat = mode === 'stream' && at <= from + MAX_UNMARKED;
        // It resumes no further back for that.
        const { checkpoint } = at < from ? { checkpoint: after } : batch;
        yield { ...batch, mayRepeat, checkpoint };
        committed = at + 1;
      }
      ended.resolve(undefined);
      if (!signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  };
}

function batchAt(origin: string, at: number, isMarked: boolean, random: Random): FlowBatch {
  const size = random.chance(0.1) ? 0 : 1 + random.below(random.chance(0.1) ? 150 : 12);
  const flows: Flow[] = [];
  for (let row = 0; row < size; row += 1) {
    const twin = flows.at(-1);
    // Old agents send no uuid, so equal records have equal ids, and both are kept.
    flows.push(twin !== undefined && random.chance(0.05) ? twin : flowAt(origin, at, row, random));
  }
  const gaps: Gap[] = random.chance(0.15) ? [gapAt(origin, at, random)] : [];
  const rejected = random.chance(0.2) ? [{ reason: 'not-json', count: 3, sample: '{' }] : [];
  // Without flows nobody could tell by their number whether it is stored.
  const checkpoint = isMarked || size === 0 ? (String(at + 1) as Checkpoint) : undefined;
  return { origin, flows, gaps, rejected, checkpoint, mayRepeat: false };
}

function flowAt(origin: string, at: number, row: number, random: Random): Flow {
  const verdict = random.pick(VERDICTS);
  const received = receivedAt(at);
  const flow = aFlow();
  return {
    ...flow,
    id: idOf(origin, at, row),
    origin,
    // Not in the order of the batches: nodes are late by some seconds.
    observedAt: nanos(received - BigInt(random.below(5_000)) * 1_000_000n),
    receivedAt: received,
    event: 'policy-verdict',
    direction: 'ingress',
    source: { ...flow.source, pod: random.pick(PODS) },
    sourcePort: 1_024 + random.below(60_000),
    verdict,
    hits: random.chance(0.5) ? [hitOf(verdict, random)] : [],
    raw: { format: 'hubble-json', bytes: recordOf(origin, at, row) },
  };
}

const idOf = (origin: string, at: number, row: number): FlowId =>
  `${textSeed(origin).toString(16).padStart(8, '0')}${at.toString(16).padStart(12, '0')}${row.toString(16).padStart(12, '0')}` as FlowId;

const recordOf = (origin: string, at: number, row: number): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ origin, at, row }));

const hitOf = (verdict: Verdict, random: Random): PolicyHit => ({
  policy: { kind: 'NetworkPolicy', namespace: 'shop', name: random.pick(PODS), tier: '' },
  direction: 'ingress',
  action: verdict.kind === 'dropped' ? 'deny' : 'allow',
  stage: 'enforced',
  matched: 'policy',
  rule: -1,
});

function gapAt(origin: string, at: number, random: Random): Gap {
  const from = receivedAt(at);
  const isLost = random.chance(0.5);
  return {
    kind: isLost ? 'lost' : 'unwatched',
    origin,
    node: '',
    from,
    to: nanos(from + 1_000_000n),
    count: isLost ? BigInt(1 + random.below(100)) : undefined,
    reason: 'made up',
  };
}
