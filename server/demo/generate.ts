import { createCalicoLog } from './calico-lines.ts';
import type { WireResponse } from './wire-message.ts';
import { createTimeline } from './timeline.ts';
import { encodeResponse } from './wire-encode.ts';

export type DemoFlowsOptions = {
  readonly seed: number;
  /** How many messages to make. */
  readonly count: number;
  /** Milliseconds since 1970 of the first; rounded down to a second. The storyline begins there. */
  readonly startAt: number;
  /** Flows a second, on average. Default 300. */
  readonly perSecond?: number;
  /** Default `story`. */
  readonly scenario?: 'story' | 'quiet';
};

/**
 * The simulated stream of `demo-east` without any server: flows, and lost events where the storyline loses some.
 * The same options give the same bytes.
 */
export function* demoFlows(
  options: DemoFlowsOptions,
): Generator<{ readonly message: WireResponse; readonly bytes: Buffer }, void, undefined> {
  const startSecond = Math.floor(options.startAt / 1000);
  const rate = options.perSecond ?? 300;
  const reader = createTimeline({
    seed: options.seed,
    flowsPerSecond: rate,
    pastFlowsPerSecond: rate,
    startSecond,
    nodeCount: 4,
    scenario: options.scenario ?? 'story',
  }).reader();
  let left = options.count;
  for (let second = startSecond; left > 0; second += 1) {
    for (const { response } of reader.second(second)) {
      if (left <= 0) return;
      left -= 1;
      yield { message: response, bytes: encodeResponse(response) };
    }
  }
}

export type CalicoLinesOptions = {
  readonly seed: number;
  /** How many lines to make. */
  readonly count: number;
  /** Milliseconds since 1970 at which the first interval begins; rounded down to a second. */
  readonly startAt: number;
  /** Length of an export interval. Default 10. */
  readonly intervalSeconds?: number;
};

/** Lines of the flow log of `demo-west`, without line ends. The same options give the same lines. */
export function* calicoLines(options: CalicoLinesOptions): Generator<string, void, undefined> {
  const log = createCalicoLog(options.seed);
  const length = options.intervalSeconds ?? 10;
  let left = options.count;
  for (let from = Math.floor(options.startAt / 1000); left > 0; from += length) {
    for (const line of log.linesOf({ from, to: from + length })) {
      if (left <= 0) return;
      left -= 1;
      yield line;
    }
  }
}
