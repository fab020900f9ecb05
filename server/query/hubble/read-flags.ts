import type { Span } from '../failure.ts';
import { nearest } from '../nearest.ts';
import type { CommandWord } from './command-words.ts';
import { FLAGS, type Flag } from './flags.ts';
import { readFlagValue } from './flag-value.ts';
import { readFilter, type FilterValue } from './flow-filter.ts';
import { createTracker, type FilterGroup } from './tracker.ts';

/** A flag that says when, with the text after it. */
export type TimeFlag = Span & { readonly name: string; readonly text: string };

export type ReadFlags = {
  readonly whitelist: readonly FilterGroup[];
  readonly blacklist: readonly FilterGroup[];
  readonly times: readonly TimeFlag[];
};

/** Ends the reading of a command at one of its words. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly at: Span;

  constructor(message: string, { from, to }: Span) {
    super(message);
    this.at = { from, to };
  }
}

const BY_NAME = new Map(FLAGS.map((flag) => [flag.name, flag]));
const BY_SHORT = new Map(
  FLAGS.flatMap((flag) => (flag.short === undefined ? [] : [[flag.short, flag] as const])),
);

type Use = { readonly flag: Flag; readonly text: string; readonly at: Span };

/** Reads the words after `hubble observe`; throws `CommandFailure`. */
export function readFlags(words: readonly CommandWord[]): ReadFlags {
  const times: TimeFlag[] = [];
  const lists = { whitelist: [] as FilterGroup[], blacklist: [] as FilterGroup[] };
  const trackers = { whitelist: createTracker(), blacklist: createTracker() };
  let not: Span | undefined;
  for (const use of usesOf(words)) {
    const { flag, text, at } = use;
    const { effect } = flag;
    if (effect.kind === 'not') {
      if (not !== undefined) throw new CommandFailure('Two --not follow each other.', at);
      not = at;
    } else if (effect.kind === 'time') times.push({ name: flag.name, text, ...at });
    else if (effect.kind === 'json') lists[effect.list].push(readJson(text, at));
    else if (effect.kind !== 'presentation') {
      const list = not === undefined ? 'whitelist' : 'blacklist';
      trackers[list].add(flag, valueOf(use), at);
      not = undefined;
    }
  }
  if (not !== undefined) throw new CommandFailure('--not stands before no flag.', not);
  const all = (list: 'whitelist' | 'blacklist'): readonly FilterGroup[] => {
    const group = trackers[list].finish();
    return group === undefined ? lists[list] : [group, ...lists[list]];
  };
  return { whitelist: all('whitelist'), blacklist: all('blacklist'), times };
}

function readJson(text: string, at: Span): FilterGroup {
  const filter = readFilter(text);
  if (typeof filter === 'string') throw new CommandFailure(filter, at);
  return { filters: [filter], askedAt: new Map([...filter.keys()].map((name) => [name, [at]])) };
}

function valueOf({ flag, text, at }: Use): FilterValue {
  const { effect } = flag;
  const field = effect.kind === 'end' || effect.kind === 'flow' ? effect.field : '';
  const read = readFlagValue(field, flag.name, text);
  if ('why' in read) throw new CommandFailure(`Hubble refuses --${flag.name}: ${read.why}.`, at);
  return read.value;
}

function* usesOf(words: readonly CommandWord[]): Generator<Use> {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word === undefined) return;
    const { text } = word;
    if (!text.startsWith('-') || text === '-' || text === '--') {
      throw new CommandFailure(`"${text}" belongs to no flag.`, word);
    }
    const cut = text.startsWith('--') ? cutLong(word) : cutShort(word);
    for (const flag of cut.alone) yield { flag, text: '', at: word };
    if (cut.last === undefined) continue;
    const { flag, attached } = cut.last;
    if (flag.value === undefined || attached !== undefined) {
      yield { flag, text: attached ?? '', at: word };
      continue;
    }
    const next = words[index + 1];
    if (next === undefined) {
      throw new CommandFailure(`${text} takes ${flag.value}, and nothing follows.`, word);
    }
    index += 1;
    yield { flag, text: next.text, at: { from: word.from, to: next.to } };
  }
}

type Cut = {
  /** Flags without a value that share the word with the last one. */
  readonly alone: readonly Flag[];
  readonly last: { readonly flag: Flag; readonly attached: string | undefined } | undefined;
};

function cutLong(word: CommandWord): Cut {
  const equals = word.text.indexOf('=');
  const name = word.text.slice(2, equals < 0 ? undefined : equals);
  const flag = BY_NAME.get(name);
  if (flag === undefined) {
    const near = nearest(name, [...BY_NAME.keys()]);
    const guess = near === undefined ? '' : ` Did you mean --${near}?`;
    throw new CommandFailure(`hubble observe has no flag --${name}.${guess}`, word);
  }
  const attached = equals < 0 ? undefined : word.text.slice(equals + 1);
  return { alone: [], last: { flag, attached } };
}

/** `-A`, `-n shop`, `-nshop`, `-n=shop`, `-4f`. */
function cutShort(word: CommandWord): Cut {
  const alone: Flag[] = [];
  for (let at = 1; at < word.text.length; at += 1) {
    const flag = BY_SHORT.get(word.text.charAt(at));
    if (flag === undefined) {
      throw new CommandFailure(`hubble observe has no flag -${word.text.charAt(at)}.`, word);
    }
    if (flag.value === undefined) alone.push(flag);
    else {
      const rest = word.text.slice(at + 1).replace(/^=/, '');
      return { alone, last: { flag, attached: rest === '' ? undefined : rest } };
    }
  }
  return { alone, last: undefined };
}
