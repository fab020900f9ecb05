import type { Checkpoint } from '../../core/flow.ts';
import { isObject } from '../decode/loose-json.ts';
import type { FileMark } from './file-mark.ts';

/** How far each file of a source was read, by path. */
export type FileMarks = {
  readonly marks: ReadonlyMap<string, FileMark>;
  /** Files that were read to their end were looked at since: nanoseconds since 1970. */
  readonly lookedAt: bigint;
};

/** Hex digits of a hash that are kept: 64 bits, since a checkpoint may name a hundred thousand files. */
const HASH_LENGTH = 16;

/** Prints checkpoints. The text of each mark is kept, since of many files few change from one to the next. */
export function createMarkPrinter(): (
  files: Iterable<readonly [path: string, mark: FileMark]>,
  lookedAt: bigint,
) => Checkpoint {
  const texts = new WeakMap<FileMark, string>();
  return (files, lookedAt) => {
    const printed: string[] = [];
    for (const [path, mark] of files) {
      let text = texts.get(mark);
      if (text === undefined) {
        text = printMark(path, mark);
        texts.set(mark, text);
      }
      printed.push(text);
    }
    return `{"kind":"files","at":"${lookedAt}","files":[${printed.join(',')}]}` as Checkpoint;
  };
}

function printMark(path: string, mark: FileMark): string {
  return JSON.stringify([
    path,
    mark.device,
    mark.inode,
    mark.offset,
    mark.modifiedMs,
    mark.readAt,
    mark.headLength,
    mark.head.slice(0, HASH_LENGTH),
    mark.beforeLength,
    mark.before.slice(0, HASH_LENGTH),
    ...(mark.createdMs === undefined ? [] : [mark.createdMs]),
  ]);
}

/**
 * Reads a checkpoint; of the first version too, which held the mark of one file, taken for that at `path`.
 * Answers `undefined` for the checkpoint of another kind of source.
 */
export function parseCheckpoint(checkpoint: Checkpoint, path: string): FileMarks | undefined {
  let value: unknown;
  try {
    value = JSON.parse(checkpoint);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!isObject(value)) return undefined;
  if (typeof value['inode'] === 'string') {
    const mark = value as unknown as FileMark;
    return { marks: new Map([[path, mark]]), lookedAt: BigInt(mark.readAt) };
  }
  if (value['kind'] !== 'files') return undefined;
  const { at, files } = value as { readonly at: string; readonly files: readonly PrintedMark[] };
  return { marks: new Map(files.map((file) => [file[0], readMark(file)])), lookedAt: BigInt(at) };
}

type PrintedMark = readonly [
  path: string,
  device: string,
  inode: string,
  offset: number,
  modifiedMs: number,
  readAt: string,
  headLength: number,
  head: string,
  beforeLength: number,
  before: string,
  createdMs?: number,
];

function readMark(printed: PrintedMark): FileMark {
  const [
    ,
    device,
    inode,
    offset,
    modifiedMs,
    readAt,
    headLength,
    head,
    beforeLength,
    before,
    made,
  ] = printed;
  return {
    device,
    inode,
    headLength,
    head,
    offset,
    beforeLength,
    before,
    modifiedMs,
    readAt,
    ...(made === undefined ? {} : { createdMs: made }),
  };
}
