import type { Response } from 'express';

/** Aborts when the one who asked hangs up, so that nothing goes on counting for nobody. */
export function goneSignal(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableEnded) gone.abort();
  });
  return gone.signal;
}
