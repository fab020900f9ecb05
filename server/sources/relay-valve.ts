import type { RelayCollector } from './relay-collector.ts';
import type { GrpcStream } from './transport/grpc-stream.ts';

/** Decides what happens when flows come faster than they are stored. */
export type RelayValve = {
  /** Takes a message of the stream. */
  readonly take: (message: Buffer) => void;
  /** What waited was handed over to be stored. */
  readonly emptied: () => void;
  /** For a person, while flows wait or are left out; empty otherwise. */
  readonly note: () => string;
  readonly onChange: (listener: () => void) => void;
  readonly close: () => void;
};

const NOTES = {
  open: '',
  waiting: 'the store is behind, the relay waits',
  shedding: 'the store does not keep up: flows are left out and counted, allowed ones first',
} as const;

/**
 * A full queue first makes the relay wait: agents keep some thousand flows each, so a short stall loses nothing.
 * A longer one would make their rings run over, which takes drops and traffic alike. So after `patienceMs` the stream
 * goes on, and the queue leaves out allowed flows before drops. What may be stored already is never left out: while
 * a resumed stream repeats, the relay waits for as long as it takes.
 */
export function createRelayValve(parts: {
  readonly collector: RelayCollector;
  readonly stream: GrpcStream;
  readonly patienceMs?: number | undefined;
}): RelayValve {
  const { collector, stream, patienceMs = 2_000 } = parts;
  let state: keyof typeof NOTES = 'open';
  let timer: NodeJS.Timeout | undefined;
  let changed: () => void = () => undefined;

  const enter = (next: typeof state): void => {
    if (state === next) return;
    state = next;
    changed();
  };
  const hold = (): void => {
    stream.pause();
    clearTimeout(timer);
    timer = setTimeout(lose, patienceMs);
    enter('waiting');
  };
  const lose = (): void => {
    if (collector.mayRepeat()) return;
    enter('shedding');
    stream.resume();
  };
  return {
    take: (message) => {
      collector.take(message);
      if (collector.full() && (state === 'open' || collector.mayRepeat())) hold();
    },
    emptied: () => {
      clearTimeout(timer);
      stream.resume();
      enter('open');
    },
    note: () => NOTES[state],
    onChange: (listener) => {
      changed = listener;
    },
    close: () => clearTimeout(timer),
  };
}
