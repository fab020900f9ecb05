import type { Expression } from '../ast.ts';
import type { Span } from '../failure.ts';
import { parseQuery } from '../parse.ts';
import { printQuery } from '../print.ts';
import { allOf, anyOf, negated, type Said } from './build.ts';
import { splitCommand, type CommandWord } from './command-words.ts';
import type { FilterValue, FlowFilter } from './flow-filter.ts';
import { readTimes } from './observe-time.ts';
import { CommandFailure, readFlags, type ReadFlags } from './read-flags.ts';
import { endField, sayEnd } from './say-end.ts';
import { sayFlow } from './say-flow.ts';
import type { FilterGroup } from './tracker.ts';

/** What could not be said, where in the line, and why. */
export type HubbleNote = Span & {
  /** `flows`: the query finds more than the command shows. `time`: the range or the count differs. */
  readonly about: 'flows' | 'time';
  readonly message: string;
};

export type FromHubble =
  | {
      readonly ok: true;
      /** Canonical; finds what the command shows, or more where a note about `flows` says so, and never less. */
      readonly q: string;
      /** Range of `t=`; `undefined` when the command names none. */
      readonly t: string | undefined;
      readonly notes: readonly HubbleNote[];
    }
  | { readonly ok: false; readonly error: Span & { readonly message: string } };

/** Reads a line such as `hubble observe --verdict DROPPED --to-pod shop/redis --since 5m`; the name may be left out. */
export function fromHubble(line: string): FromHubble {
  const split = splitCommand(line);
  if (!split.ok) {
    return { ok: false, error: split };
  }
  try {
    const read = readFlags(withoutName(split.words));
    const notes: HubbleNote[] = [];
    const q = queryOf(read, notes, line);
    const times = readTimes(read.times);
    for (const { flag, message, from, to } of times.notes) {
      notes.push({ about: 'time', message: `--${flag} is left out: ${message}.`, from, to });
    }
    if (split.rest !== undefined) {
      notes.push({
        about: 'time',
        message: 'What follows the command is left out.',
        ...split.rest,
      });
    }
    return { ok: true, q, t: times.t, notes };
  } catch (cause) {
    if (!(cause instanceof CommandFailure)) throw cause;
    return { ok: false, error: { message: cause.message, ...cause.at } };
  }
}

/** Words after `hubble observe [flows]`, wherever that stands: behind a prompt or in a `kubectl exec`. */
function withoutName(words: readonly CommandWord[]): readonly CommandWord[] {
  const hubble = words.findIndex(({ text }) => /(?:^|\/)hubble$/.test(text));
  if (hubble < 0) {
    const [first] = words;
    if (first !== undefined && !first.text.startsWith('-')) {
      throw new CommandFailure('A command begins with "hubble observe".', first);
    }
    return words;
  }
  const after = words.slice(hubble + 1);
  const observe = after.findIndex(({ text }) => text === 'observe');
  const [, named] = after.slice(observe);
  if (observe < 0) {
    throw new CommandFailure(
      'Only "hubble observe" shows flows.',
      words[hubble] ?? { from: 0, to: 0 },
    );
  }
  if (named?.text === 'agent-events' || named?.text === 'debug-events') {
    throw new CommandFailure(`hubble observe ${named.text} shows no flows.`, named);
  }
  const flags = after.slice(observe + (named?.text === 'flows' ? 2 : 1));
  return [...after.slice(0, observe), ...flags];
}

function queryOf(read: ReadFlags, notes: HubbleNote[], line: string): string {
  const whole = { from: 0, to: line.length };
  const parts: Expression[] = [];
  const shown = read.whitelist.map((group) => sayGroup(group, notes, line));
  // One that says nothing lets every flow through, so that the others do not matter.
  const known = shown.flatMap(({ where }) => (where === undefined ? [] : [where]));
  if (known.length === shown.length && known.length > 0) parts.push(anyOf(known));
  for (const group of read.blacklist) {
    const hidden: HubbleNote[] = [];
    const { where } = sayGroup(group, hidden, line);
    notes.push(
      ...hidden.map((note) => ({
        ...note,
        message: `${note.message} So is all else that the same exclusion asks.`,
      })),
    );
    // Without the part that cannot be said it would hide flows that the command shows.
    if (where !== undefined && hidden.length === 0) parts.push(negated(where));
    else if (hidden.length === 0) throw new CommandFailure('This leaves out every flow.', whole);
  }
  if (parts.length === 0) return '';
  const parsed = parseQuery(printQuery(allOf(parts)));
  if (!parsed.ok)
    throw new CommandFailure(`As a query it cannot be read: ${parsed.error.message}`, whole);
  return printQuery(parsed.where);
}

/** What a group selects; `undefined` where nothing of it can be said, or it selects all. */
function sayGroup(
  group: FilterGroup,
  notes: HubbleNote[],
  line: string,
): { where: Expression | undefined } {
  const seen = new Set<string>();
  const keep: Keep = (field, one) => {
    if (one.kind === 'said') return [one.where];
    const spans = group.askedAt.get(field) ?? [];
    const at = { from: spans[0]?.from ?? 0, to: spans[0]?.to ?? 0 };
    if (one.kind === 'refused') throw new CommandFailure(`Hubble refuses this: ${one.why}.`, at);
    if (one.kind === 'implied') return [];
    for (const span of spans) {
      const key = `${span.from} ${one.why}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const near = one.nearest === undefined ? '' : ` Nearest: ${one.nearest}.`;
      notes.push({
        about: 'flows',
        message: `${line.slice(span.from, span.to)} is left out: ${one.why}.${near}`,
        from: span.from,
        to: span.to,
      });
    }
    return [];
  };
  const [left, right] = group.filters;
  if (left === undefined) return { where: undefined };
  const parts = right === undefined ? sayFields(left, keep) : sayPair(left, right, keep);
  return { where: parts.length === 0 ? undefined : allOf(parts) };
}

type Keep = (field: string, one: Said) => readonly Expression[];

function sayFields(filter: FlowFilter, keep: Keep): readonly Expression[] {
  return [...filter].flatMap(([name, values]) => {
    const end = endField(name);
    const one =
      end === undefined ? sayFlow(name, values, filter) : sayEnd(end.what, values, end.side);
    return keep(name, one);
  });
}

const mirror = (name: string): string =>
  name.startsWith('source_') ? `destination_${name.slice(7)}` : `source_${name.slice(12)}`;

/** Two filters that ask the same of either end; what they share is said once. */
function sayPair(left: FlowFilter, right: FlowFilter, keep: Keep): readonly Expression[] {
  const isShared = ([name, values]: [string, readonly FilterValue[]]): boolean =>
    JSON.stringify(right.get(name)) === JSON.stringify(values);
  const shared = new Map([...left].filter(isShared));
  const own = new Map([...left].filter((entry) => !isShared(entry)));
  const others = new Map([...right].filter(([name]) => !shared.has(name)));
  const [only] = own;
  const isMirrored =
    own.size === others.size &&
    [...own].every(
      ([name, values]) => JSON.stringify(others.get(mirror(name))) === JSON.stringify(values),
    );
  const common = sayFields(shared, keep);
  if (isMirrored && own.size === 1 && only !== undefined) {
    const [name, values] = only;
    return [...common, ...keep(name, sayEnd(endField(name)?.what ?? '', values, 'either'))];
  }
  const ends = [sayFields(own, keep), sayFields(others, keep)];
  return ends.some((parts) => parts.length === 0)
    ? common
    : [...common, anyOf(ends.map((parts) => allOf(parts)))];
}
