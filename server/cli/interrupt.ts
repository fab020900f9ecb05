/** A signal that aborts at the first SIGINT or SIGTERM; a second one ends the process as it would have. */
export function untilInterrupted(): Disposable & { readonly signal: AbortSignal } {
  const interrupted = new AbortController();
  const names = ['SIGINT', 'SIGTERM'] as const;
  const forget = (): void => {
    for (const name of names) process.off(name, stop);
  };
  const stop = (): void => {
    forget();
    interrupted.abort();
  };
  for (const name of names) process.on(name, stop);
  return { signal: interrupted.signal, [Symbol.dispose]: forget };
}
