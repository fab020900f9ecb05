import type { Flow, Gap } from '../core/flow.ts';
import type { EpochNanos } from '../core/time.ts';
import type { RecordPlace } from './decode/flow-id.ts';

export type LineFormat = 'Hubble JSON' | 'aggregated Hubble JSON' | 'Calico flow log';

/** What a line turned out to be. */
export type DecodedLine = {
  readonly flow?: Flow;
  readonly gap?: Gap;
  readonly rejected?: string;
  /** Of a line that holds a flow or a gap. */
  readonly format?: LineFormat;
};

/** A line without its ending, and where it stands. */
export type Line = {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly place: RecordPlace;
  readonly receivedAt: EpochNanos;
};

export type LineDecoder = (line: Line) => DecodedLine;
