import { AppError } from '../core/errors.ts';
import type { Checkpoint } from '../core/flow.ts';
import type { HubbleRelayOptions } from './relay-options.ts';
import { openRelayLine, type RelayLine } from './relay-line.ts';
import { tlsFingerprint } from './transport/grpc-tls.ts';

/** Looks at the TLS files of a connection, and opens its successor when they have changed. */
export type RotationWatch = {
  /** Why new files cannot be used; empty when there is nothing to say. */
  readonly trouble: () => string;
  readonly stop: () => void;
};

/** A successor that stays silent for this long is taken all the same: there may be nothing to tell. */
const FIRST_WORD_MS = 3_000;

/**
 * The successor asks for the flows since the checkpoint of the moment, on a channel of its own, while the line before
 * goes on. Only when the new one works is it handed over; where it does not, the files are tried again at each look,
 * since a CA and the certificates that it signed are seldom written at once.
 */
export function watchRotation(parts: {
  readonly options: HubbleRelayOptions;
  readonly fingerprint: string;
  readonly checkpoint: () => Checkpoint;
  readonly onSuccessor: (line: RelayLine) => void;
  readonly onTrouble: () => void;
  readonly fail: (error: unknown) => void;
}): RotationWatch {
  const { options, fingerprint, onSuccessor } = parts;
  const { tls, tlsPollMs = 10_000 } = options;
  if (tls === undefined) return { trouble: () => '', stop: () => undefined };
  const stopping = new AbortController();
  let trouble = '';
  let isLooking = false;

  const look = async (): Promise<void> => {
    try {
      if ((await tlsFingerprint(tls)) !== fingerprint) {
        const line = await openRelayLine(options, parts.checkpoint(), stopping.signal);
        if (line !== undefined) await present(line);
      }
      trouble = '';
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const told = `the TLS files have changed and cannot be used, the connection made before goes on: ${error.detail}`;
      if (told === trouble) return;
      trouble = told;
      if (!stopping.signal.aborted) parts.onTrouble();
    }
  };
  const present = async (line: RelayLine): Promise<void> => {
    try {
      await firstWord(line, stopping.signal);
    } catch (error) {
      line.close();
      throw error;
    }
    if (stopping.signal.aborted) line.close();
    else {
      clearInterval(timer);
      onSuccessor(line);
    }
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch(parts.fail)
      .finally(() => (isLooking = false));
  }, tlsPollMs);
  return {
    trouble: () => trouble,
    stop: () => {
      clearInterval(timer);
      stopping.abort();
    },
  };
}

/** Resolves when the line has told something, or nothing for a while; rejects when it has ended. */
async function firstWord(line: RelayLine, signal: AbortSignal): Promise<void> {
  const { promise: patience, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  const timer = setTimeout(stop, FIRST_WORD_MS);
  signal.addEventListener('abort', stop, { once: true });
  const ended = line.stream.ended.then(() => {
    throw new AppError('source-failed', 'the relay ended the stream at once');
  });
  try {
    await Promise.race([line.alive, patience, ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    ended.catch(() => undefined);
  }
}
