import type { Flow, FlowBatch } from '../core/flow.ts';
import type { PushTlsSetting } from '../core/source-setting.ts';
import { nanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import { createGoldmaneDecoder, type GoldmaneDecoder } from './decode/goldmane.ts';
import type { FlowSource, ReportSource } from './flow-source.ts';
import { lineJson, lineText } from './line-text.ts';
import { openPushServer, type PushDelivery } from './push-server.ts';
import { createRejections, type Rejections } from './rejections.ts';
import { createLineSplitter, type SplitLine } from './transport/line-splitter.ts';

export type GoldmanePushOptions = {
  readonly name: string;
  /** `host:port`; port 0 picks a free one. */
  readonly listen: string;
  readonly tls: PushTlsSetting;
  readonly clock: Clock;
  readonly report: ReportSource;
  /** Time between looks at the TLS files; 10 s unless told. */
  readonly tlsPollMs?: number;
};

/** Lines list labels and policies without a bound of their own. */
const LINE_LIMIT = 10 * 1024 * 1024;
const BATCH_FLOWS = 8_192;
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Takes what Goldmane's emitter pushes: bodies of JSON lines over HTTPS (reference/calico.md 6.9). A body is answered
 * with 200 when the last of its flows is committed, and with 503 where one could not be. So an emitter that hears
 * nothing, because either side was cut off or restarted, pushes the whole body again, and the store drops what it has.
 */
export function goldmanePush(options: GoldmanePushOptions): FlowSource {
  const { name, listen, tls, report, tlsPollMs = 10_000 } = options;
  return {
    name,
    kind: 'goldmane-push',
    target: listen,
    async *read(_after, signal) {
      report({ state: 'connecting', detail: `opening ${listen}` });
      let address = listen;
      const tell = (more: string): void =>
        report({ state: 'reading', detail: `listening on https://${address}${more}` });
      await using server = await openPushServer({
        listen,
        tls,
        tlsPollMs,
        onTrouble: (words) => tell(`; ${words}`),
      });
      address = server.address;
      tell('');
      for await (const delivery of server.deliveries(signal)) {
        yield* takeDelivery(options, delivery);
      }
    },
  };
}

/** What has been read of a body and is not handed over yet. */
type Taking = {
  readonly options: GoldmanePushOptions;
  readonly decode: GoldmaneDecoder;
  readonly rejections: Rejections;
  flows: Flow[];
  bytes: number;
  readonly counts: { flows: number; rejected: number };
  /** Whether all that was handed over is committed. */
  isStored: boolean;
};

async function* takeDelivery(
  options: GoldmanePushOptions,
  { body, answer }: PushDelivery,
): AsyncGenerator<FlowBatch> {
  const taking: Taking = {
    options,
    decode: createGoldmaneDecoder({ origin: options.name }),
    rejections: createRejections(),
    flows: [],
    bytes: 0,
    counts: { flows: 0, rejected: 0 },
    isStored: true,
  };
  // From here on, what any body before told is what this one may tell again.
  yield { ...emptyBatch(options.name), mayRepeat: false };
  try {
    for await (const lines of linesOf(body)) {
      // What is left of a body that has to come again is read away, so that its sender hears the answer.
      if (!taking.isStored) continue;
      takeLines(taking, lines);
      if (taking.flows.length >= BATCH_FLOWS || taking.bytes >= BATCH_BYTES)
        yield* handOver(taking);
    }
  } catch (error) {
    if (!isCutOff(error)) throw error;
    // Whoever pushed it is gone and has heard nothing, so the body comes again.
    return;
  }
  if (taking.isStored && taking.flows.length + taking.rejections.size() > 0)
    yield* handOver(taking);
  const { flows, rejected } = taking.counts;
  if (!taking.isStored) answer(503, { error: 'the store cannot take flows now; push again' });
  else if (flows === 0 && rejected > 0) answer(400, { error: 'no line is a Goldmane flow' });
  else answer(200, { flows, rejected });
}

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<readonly SplitLine[]> {
  const splitter = createLineSplitter({ limit: LINE_LIMIT, offset: 0, before: Buffer.alloc(0) });
  for await (const chunk of body) {
    splitter.push(chunk);
    yield splitter.take(Infinity);
  }
  const rest = splitter.takeRest();
  if (rest !== undefined) yield [rest];
}

function takeLines(taking: Taking, lines: readonly SplitLine[]): void {
  const receivedAt = nanos(taking.options.clock.now());
  for (const { bytes, oversized } of lines) {
    const reason = oversized
      ? `line longer than ${LINE_LIMIT / (1024 * 1024)} MiB`
      : takeLine(taking, bytes, receivedAt);
    if (reason === undefined) continue;
    taking.rejections.add(reason, bytes);
    taking.counts.rejected += 1;
  }
}

/** Answers with the reason why a line is no flow. Empty lines are nobody's loss. */
function takeLine(
  taking: Taking,
  bytes: Uint8Array,
  receivedAt: Flow['receivedAt'],
): string | undefined {
  const clean = lineText(bytes);
  if (!clean.ok) return clean.reason;
  if (clean.text === '') return undefined;
  const json = lineJson(clean.text);
  if (!json.ok) return json.reason;
  const raw = { format: 'goldmane-json', bytes: clean.bytes } as const;
  const decoded = taking.decode({ flow: json.value, raw, receivedAt });
  if (!decoded.ok) return decoded.reason;
  taking.flows.push(decoded.flow);
  taking.bytes += bytes.length;
  taking.counts.flows += 1;
  return undefined;
}

/** Whoever takes the batch comes back when it is committed, or when it could not be. */
function* handOver(taking: Taking): Generator<FlowBatch> {
  const { flows, rejections, options } = taking;
  taking.flows = [];
  taking.bytes = 0;
  const outcome = { isStored: false };
  yield {
    ...emptyBatch(options.name),
    flows,
    rejected: rejections.take(),
    mayRepeat: true,
    stored: () => {
      outcome.isStored = true;
    },
  };
  taking.isStored &&= outcome.isStored;
}

const emptyBatch = (origin: string): Omit<FlowBatch, 'mayRepeat'> => ({
  origin,
  flows: [],
  gaps: [],
  rejected: [],
  checkpoint: undefined,
});

const isCutOff = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ECONNRESET';
