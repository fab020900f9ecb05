/** How many flows a demo makes a second, on average, before waves and chance. */
export type DemoRates = {
  /** Seconds since 1970 at which the storyline begins. */
  readonly startSecond: number;
  /** Flows a second from `startSecond` on. */
  readonly flowsPerSecond: number;
  /** Flows a second of the simulated past, long before the start. */
  readonly pastFlowsPerSecond: number;
  /** What these have grown to at the start; absent: they do not grow. */
  readonly pastRisesTo?: number;
};

/**
 * The past grows by this time constant: what one looks at first is nearly as busy as the present, and hours
 * before it are there without making the start slow.
 */
const RISE_SECONDS = 1200;

export function rateAt(rates: DemoRates, second: number): number {
  const { startSecond, flowsPerSecond, pastFlowsPerSecond, pastRisesTo } = rates;
  if (second >= startSecond) return flowsPerSecond;
  const rise = (pastRisesTo ?? pastFlowsPerSecond) - pastFlowsPerSecond;
  return pastFlowsPerSecond + rise * Math.exp((second - startSecond) / RISE_SECONDS);
}

/** Flows that are expected from one second to another. */
export function flowsBetween(rates: DemoRates, from: number, to: number): number {
  const { startSecond, flowsPerSecond, pastFlowsPerSecond, pastRisesTo } = rates;
  const lived = Math.max(0, to - Math.max(from, startSecond)) * flowsPerSecond;
  const end = Math.min(to, startSecond);
  if (from >= end) return lived;
  const rise = (pastRisesTo ?? pastFlowsPerSecond) - pastFlowsPerSecond;
  const grown = (second: number): number => Math.exp((second - startSecond) / RISE_SECONDS);
  return (
    lived + (end - from) * pastFlowsPerSecond + rise * RISE_SECONDS * (grown(end) - grown(from))
  );
}
