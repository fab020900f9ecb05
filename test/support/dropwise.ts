import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const MAIN = new URL('../../server/main.ts', import.meta.url).pathname;

/** The environment without settings of whoever runs the tests. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('DROPWISE_')),
  );
}

export type Finished = {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs a command of the real program to its end, in `cwd` where it is told. */
export async function runDropwise(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  cwd?: string,
): Promise<Finished> {
  const child = start(args, env, cwd);
  const output = collect(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output() };
}

export type RunningDropwise = AsyncDisposable & {
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Reads no more of what it prints, as `head` does when it has enough. */
  leave(): void;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
};

/** Starts a command of the real program that goes on until it is told to end. */
export function startDropwise(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): RunningDropwise {
  const child = start(args, env);
  const output = collect(child);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    stdout: () => output().stdout,
    stderr: () => output().stderr,
    leave: () => child.stdout?.destroy(),
    signal: (name) => void child.kill(name),
    ended,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

export type ServingDropwise = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  /** Ends the process at once, as a power cut would; resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to stop; resolves with the exit code. */
  stop(): Promise<number | null>;
};

/** Starts the real program in a process of its own and waits until it prints its URL. */
export async function serveDropwise(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ServingDropwise> {
  const child = start(args, env);
  const output = collect(child);
  const closed = once(child, 'close') as Promise<[number | null]>;
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const match = /http:\/\/\S+/.exec(output().stdout);
      if (match !== null) resolve(match[0]);
    });
    void closed.then(([code]) => {
      reject(new Error(`dropwise ended with ${String(code)} before it served: ${output().stderr}`));
    });
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return (await closed)[0];
  };
  return {
    url,
    pid: child.pid ?? 0,
    kill: async () => {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) await end('SIGKILL');
    },
  };
}

function start(args: readonly string[], env: NodeJS.ProcessEnv, cwd?: string): ChildProcess {
  // As `npm start` and the image start it.
  return spawn(process.execPath, ['--max-semi-space-size=16', MAIN, ...args], {
    env: { ...cleanEnvironment(), ...env },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function collect(child: ChildProcess): () => { stdout: string; stderr: string } {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  return () => ({ stdout, stderr });
}
