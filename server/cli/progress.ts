import { SingleBar } from 'cli-progress';

export type ShowProgress = (done: number, total: number) => void;

/** What is done sooner needs no bar. */
const SHOWN_AFTER_MS = 500;

/** Shows a bar on standard error while something takes long; nothing where no person reads that. */
export async function withProgress<T>(
  label: string,
  run: (progress: ShowProgress) => T | Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return run(() => undefined);
  const bar = new SingleBar({
    format: `${label} {bar} {percentage}% · {eta_formatted} left`,
    stream: process.stderr,
    clearOnComplete: true,
  });
  const showAt = performance.now() + SHOWN_AFTER_MS;
  try {
    return await run((done, total) => {
      if (bar.isActive) {
        bar.setTotal(total);
        bar.update(done);
      } else if (performance.now() >= showAt) bar.start(total, done);
    });
  } finally {
    bar.stop();
  }
}
