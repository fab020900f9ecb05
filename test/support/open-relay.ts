import type { Checkpoint } from '../../server/core/flow.ts';
import { systemClock } from '../../server/lib/clock.ts';
import type { SourceReport } from '../../server/sources/flow-source.ts';
import { hubbleRelay } from '../../server/sources/hubble-relay.ts';
import type { HubbleRelayOptions } from '../../server/sources/relay-options.ts';
import { startReading, type Reading } from './collect-batches.ts';

/** A relay source being read, and all that it said of itself. */
export type OpenedRelay = AsyncDisposable & {
  readonly reading: Reading;
  readonly reports: readonly SourceReport[];
};

export function openRelay(
  options: Partial<HubbleRelayOptions> & { readonly address: string },
  after?: Checkpoint,
): OpenedRelay {
  const reports: SourceReport[] = [];
  const report = (told: SourceReport): void => void reports.push(told);
  const source = hubbleRelay({ name: 'relay', clock: systemClock(), report, ...options });
  const reading = startReading(source, after);
  return { reading, reports, [Symbol.asyncDispose]: reading.stop };
}
