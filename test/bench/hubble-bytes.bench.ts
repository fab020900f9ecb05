/**
 * Messages of a relay to flows, on one core: from their bytes, by way of JSON, and as far as clients with
 * `@grpc/proto-loader` and its usual options come, which is an object with all fields and not yet a flow.
 * `node test/bench/hubble-bytes.bench.ts`
 */
import { fork } from 'node:child_process';
import { once as nextMessage } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { nanos } from '../../server/core/time.ts';
import {
  createFastHubbleDecoder,
  createGenericHubbleDecoder,
  type HubbleBytesDecoder,
} from '../../server/sources/decode/hubble-bytes.ts';
import { HUBBLE_ROOT } from '../../server/sources/hubble-proto.ts';
import { controlMs, print, spread } from '../support/measure.ts';
import { podTraffic } from '../support/pod-traffic.ts';

const COUNT = 100_000;
const CHECKED = 20_000;
const ROUNDS = 5;
const RECEIVED = nanos(1_800_000_000_000_000_000n);

/** What proto-loader does with a message: `decode`, then `toObject` with the options that its guide shows. */
const response = HUBBLE_ROOT.lookupType('observer.GetFlowsResponse');
const USUAL = { longs: String, enums: String, defaults: true, oneofs: true };

const flowsOf = (decode: HubbleBytesDecoder) => (message: Buffer) => {
  const result = decode(message, RECEIVED);
  return result.ok && result.kind === 'flow';
};

let leftToJson = 0;
const origin = 'bench';
const VARIANTS = {
  bytes: flowsOf(createFastHubbleDecoder({ origin, onGeneric: () => (leftToJson += 1) })),
  json: flowsOf(createGenericHubbleDecoder({ origin })),
  protoLoader: (message: Buffer) => 'flow' in response.toObject(response.decode(message), USUAL),
} as const;
type Name = keyof typeof VARIANTS;

type Round = { readonly rate: number; readonly residentMiB: number; readonly leftToJson: number };

/** Messages a second of this process's time. */
function once(name: Name, messages: readonly Buffer[]): Round {
  const take = VARIANTS[name];
  const before = process.cpuUsage();
  let count = 0;
  for (const message of messages) if (take(message)) count += 1;
  const { user, system } = process.cpuUsage(before);
  if (count !== messages.length) throw new Error(`${name} made ${count} flows`);
  const rate = count / ((user + system) / 1_000_000);
  return { rate, residentMiB: Math.round(process.memoryUsage().rss / 1024 / 1024), leftToJson };
}

/** Each variant has a process of its own, so that none compiles or collects for another. */
function serveRounds(name: Name, endpoints: number): void {
  const messages = podTraffic({ endpoints, count: COUNT });
  process.on('message', () => process.send?.(once(name, messages)));
  process.send?.('ready');
}

async function compare(endpoints: number): Promise<void> {
  checkAlike(podTraffic({ endpoints, count: CHECKED }));
  const names = Object.keys(VARIANTS) as Name[];
  const children = names.map((name) => fork(import.meta.filename, [name, String(endpoints)]));
  await Promise.all(children.map((child) => nextMessage(child, 'message')));
  const rounds: Round[][] = names.map(() => []);
  const control: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    control.push(controlMs());
    for (const [at, child] of children.entries()) {
      child.send('round');
      const [figures] = (await nextMessage(child, 'message')) as [Round];
      rounds[at]?.push(figures);
    }
  }
  for (const child of children) child.disconnect();
  const figures = names.map((name, at) => {
    const [first, ...rest] = rounds[at] ?? [];
    return {
      name,
      ...spread(rest.map(({ rate }) => rate)),
      first: Math.round(first?.rate ?? 0),
      residentMiB: rest.at(-1)?.residentMiB,
      leftToJson: rest.at(-1)?.leftToJson,
    };
  });
  const [bytes, json, protoLoader] = figures.map(({ median }) => median);
  const ratio = (other = NaN): number => Math.round(((bytes ?? NaN) / other) * 10) / 10;
  print({
    name: `decode hubble from bytes, ${endpoints} endpoints`,
    unit: 'messages/s of CPU time',
    rounds: ROUNDS,
    variants: figures,
    ratioToJson: ratio(json),
    ratioToProtoLoader: ratio(protoLoader),
    controlMs: spread(control),
  });
}

function checkAlike(messages: readonly Buffer[]): void {
  const fast = createFastHubbleDecoder({ origin });
  const generic = createGenericHubbleDecoder({ origin });
  for (const message of messages) {
    if (!isDeepStrictEqual(fast(message, RECEIVED), generic(message, RECEIVED))) {
      throw new Error('the decoders do not agree');
    }
  }
}

const [variant, ...counts] = process.argv.slice(2);
if (variant !== undefined && Object.hasOwn(VARIANTS, variant)) {
  serveRounds(variant as Name, Number(counts[0]));
} else {
  for (const endpoints of variant === undefined ? [2_000, 50_000] : [Number(variant)]) {
    await compare(endpoints);
  }
}
