import { SingleBar } from 'cli-progress';

export type ShowProgress = (done: number, total: number) => void;

/** Shows a bar on standard error while something runs; nothing where no person reads that. */
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
  bar.start(1, 0);
  try {
    return await run((done, total) => {
      bar.setTotal(total);
      bar.update(done);
    });
  } finally {
    bar.stop();
  }
}
