import {
  appendFile,
  chmod,
  copyFile,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
  stat,
} from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** How a world's files are rotated: renamed with a time, or numbered (also copied and truncated). */
export type RotationStyle = 'lumberjack' | 'logrotate';

/** A file system with logs in it, and the model of what they hold. */
export type LogWorld = {
  /** Appends complete lines. */
  readonly write: (log: number, lines: number, length: number) => Promise<void>;
  /** Appends a part of a line, which the next write completes. */
  readonly writePart: (log: number) => Promise<void>;
  readonly rotate: (log: number) => Promise<void>;
  readonly copyTruncate: (log: number) => Promise<void>;
  /** Compresses the youngest rotated file that is not; with `half`, first leaves half of it beside the plain one. */
  readonly compress: (log: number, half: boolean) => Promise<void>;
  readonly remove: (log: number) => Promise<void>;
  readonly removeOldest: (log: number) => Promise<void>;
  /** Puts a loop of links in the place of the live file, or takes it away. */
  readonly hide: (log: number) => Promise<void>;
  /** Takes the right to read, or gives it back; root reads all the same. */
  readonly lock: (log: number) => Promise<void>;
  /** Gives everything back, and one more line to each log. */
  readonly finish: () => Promise<void>;
  /** Ids of complete lines, in the order of writing. */
  readonly written: readonly string[];
  /** Lines of which no file has a copy any more, and when that came: nanoseconds since 1970. */
  readonly destroyed: ReadonlyMap<string, bigint>;
  /**
   * No reader can know what the end of a deleted file was, or whether one that it had found and not begun is the
   * same as one that was compressed or copied since. A gap may tell of it where nothing was lost.
   */
  readonly anyUncertain: () => boolean;
};

type Content = { readonly ids: readonly string[]; part: string };
type Rotated = { name: string; content: Content; compressed: boolean };
type Log = {
  readonly path: string;
  live: Content | undefined;
  rotated: Rotated[];
  hidden: boolean;
  locked: boolean;
};

const now = (): bigint => BigInt(Date.now()) * 1_000_000n;
const END = ' E\n';

/** The id of a complete line; `undefined` of one that was cut. */
export function idOf(line: string): string | undefined {
  return line.startsWith('L') && line.endsWith(' E') ? line.slice(0, 9) : undefined;
}

/**
 * Deletes only what a reader has seen the beginning of (`isSeen` knows the lines): of a file that came and went
 * while nobody looked, no reader can know.
 */
export function createLogWorld(
  folder: string,
  {
    logs,
    style,
    isSeen,
  }: {
    readonly logs: number;
    readonly style: RotationStyle;
    readonly isSeen: (id: string) => boolean;
  },
): LogWorld {
  const all: Log[] = Array.from({ length: logs }, (_, at) => ({
    path: join(folder, `${'abcdef'[at] ?? 'z'}.log`),
    live: undefined,
    rotated: [],
    hidden: false,
    locked: false,
  }));
  const written: string[] = [];
  const destroyed = new Map<string, bigint>();
  let [next, rotations, uncertain] = [0, 0, 0];

  const get = (at: number): Log => {
    const log = all[at % all.length];
    if (log === undefined) throw new Error('a world without logs');
    return log;
  };
  const newId = (): string => `L${String(next++).padStart(8, '0')}`;
  const ended = (content: Content): void => {
    const kept = new Set(
      all
        .flatMap(({ live, rotated }) => [live, ...rotated.map((file) => file.content)])
        .flatMap((file) => file?.ids ?? []),
    );
    for (const id of content.ids) if (!kept.has(id) && !destroyed.has(id)) destroyed.set(id, now());
  };
  const append = async (
    log: Log,
    text: string,
    ids: readonly string[],
    part = '',
  ): Promise<void> => {
    await appendFile(log.path, text);
    log.live = { ids: [...(log.live?.ids ?? []), ...ids], part };
    written.push(...ids);
  };
  const rotatedPath = (log: Log, { name }: Rotated): string => log.path.replace(/[^/]*$/, name);
  const base = (log: Log): string => log.path.replace(/^.*\//, '');
  const nextName = async (log: Log): Promise<string> => {
    rotations += 1;
    if (style === 'lumberjack') {
      const seconds = String(Math.floor(rotations / 1000)).padStart(2, '0');
      const name = `2026-01-02T03-04-${seconds}.${String(rotations % 1000).padStart(3, '0')}`;
      return base(log).replace('.log', `-${name}.log`);
    }
    for (const [at, file] of log.rotated.entries()) {
      const number = log.rotated.length - at + 1;
      const name = `${base(log)}.${number}${file.compressed ? '.gz' : ''}`;
      await rename(rotatedPath(log, file), rotatedPath(log, { ...file, name }));
      file.name = name;
    }
    return `${base(log)}.1`;
  };
  /** The live file is not to be touched while something else stands in its place. */
  const usable = (at: number): Log | undefined => {
    const log = get(at);
    return log.hidden ? undefined : log;
  };
  const show = async (log: Log): Promise<void> => {
    if (log.hidden) {
      await rm(log.path);
      if (log.live !== undefined) await rename(`${log.path}.aside`, log.path);
    }
    log.hidden = false;
    if (log.locked && log.live !== undefined) await chmod(log.path, 0o644);
    log.locked = false;
  };

  const world: LogWorld = {
    write: async (at, lines, length) => {
      const log = usable(at);
      if (log === undefined || log.locked) return;
      const part = log.live?.part ?? '';
      const done = part === '' ? [] : [part.slice(0, 9)];
      const ids = Array.from({ length: lines }, newId);
      const text = ids.map((id) => `${id} ${'x'.repeat(length)}${END}`).join('');
      await append(log, (part === '' ? '' : END) + text, [...done, ...ids]);
    },
    writePart: async (at) => {
      const log = usable(at);
      if (log === undefined || log.locked || (log.live?.part ?? '') !== '') return;
      const part = `${newId()} part`;
      await append(log, part, [], part);
    },
    rotate: async (at) => {
      const log = usable(at);
      if (log?.live === undefined || log.locked) return;
      const name = await nextName(log);
      const rotated: Rotated = { name, content: log.live, compressed: false };
      await rename(log.path, rotatedPath(log, rotated));
      log.rotated.push(rotated);
      log.live = undefined;
      log.locked = false;
      if (rotations % 3 !== 0) await append(log, '', []);
    },
    copyTruncate: async (at) => {
      const log = usable(at);
      if (log?.live === undefined || log.locked || style === 'lumberjack') return;
      if (!log.live.ids.some(isSeen)) uncertain += 1;
      const name = await nextName(log);
      const rotated: Rotated = { name, content: log.live, compressed: false };
      await copyFile(log.path, rotatedPath(log, rotated));
      await truncate(log.path, 0);
      log.rotated.push(rotated);
      log.live = { ids: [], part: '' };
    },
    compress: async (at, half) => {
      const log = get(at);
      const file = log.rotated.findLast(({ compressed }) => !compressed);
      if (file === undefined) return;
      const plain = rotatedPath(log, file);
      const bytes = await readFile(plain).catch(() => undefined);
      if (bytes === undefined) return;
      const zipped = gzipSync(bytes);
      const { atimeMs, mtimeMs } = await stat(plain);
      if (half) await writeFile(`${plain}.gz`, zipped.subarray(0, zipped.length / 2));
      await writeFile(`${plain}.gz`, zipped);
      // gzip keeps the time of the file, lumberjack does not.
      if (style === 'lumberjack') uncertain += 1;
      else await utimes(`${plain}.gz`, atimeMs / 1000, mtimeMs / 1000);
      await rm(plain);
      file.name += '.gz';
      file.compressed = true;
    },
    remove: async (at) => {
      const log = usable(at);
      if (log?.live === undefined || !log.live.ids.some(isSeen)) return;
      const { live } = log;
      await rm(log.path);
      log.live = undefined;
      log.locked = false;
      uncertain += 1;
      ended(live);
    },
    removeOldest: async (at) => {
      const log = get(at);
      const [oldest] = log.rotated;
      const all = [...log.rotated.map(({ content }) => content), log.live].flatMap(
        (file) => file?.ids ?? [],
      );
      if (oldest === undefined || !all.some(isSeen)) return;
      log.rotated.shift();
      await rm(rotatedPath(log, oldest), { force: true });
      ended(oldest.content);
    },
    hide: async (at) => {
      const log = get(at);
      if (log.hidden) return show(log);
      if (log.live !== undefined) await rename(log.path, `${log.path}.aside`);
      await symlink(log.path, log.path);
      log.hidden = true;
    },
    lock: async (at) => {
      const log = usable(at);
      if (log?.live === undefined) return;
      if (log.locked) return show(log);
      await chmod(log.path, 0);
      log.locked = true;
    },
    finish: async () => {
      for (const log of all) await show(log);
      for (const at of all.keys()) await world.write(at, 1, 3);
    },
    written,
    destroyed,
    anyUncertain: () => uncertain > 0,
  };
  return world;
}
