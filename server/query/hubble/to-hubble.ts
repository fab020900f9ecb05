import type { Expression } from '../ast.ts';
import type { Span } from '../failure.ts';
import { parseQuery } from '../parse.ts';
import { printQuery } from '../print.ts';
import { Unsayable } from './fragment.ts';
import { writeTimes } from './observe-time.ts';
import { filtersOf } from './query-filters.ts';
import { commandLine, writeFlags } from './write-flags.ts';

export type ToHubble =
  | { readonly ok: true; readonly command: string }
  /** `from` and `to` stand in `q`, the query in canonical form. */
  | ({ readonly ok: false; readonly why: string; readonly q: string } & Span);

export type ToHubbleOptions = {
  /** Range of `t=`; left out: no time. */
  readonly t?: string | undefined;
  /** Whether a range that ends at now shall go on. */
  readonly follow?: boolean;
};

/**
 * The command that shows what the query finds among flows of Hubble, or why there is none. It never answers with a
 * command that selects something else.
 */
export function toHubble(query: string, { t, follow = false }: ToHubbleOptions = {}): ToHubble {
  const parsed = parseQuery(query);
  if (!parsed.ok) {
    const { message, from, to } = parsed.error;
    return { ok: false, why: message, q: query, from, to };
  }
  const q = printQuery(parsed.where);
  const times = t === undefined ? (follow ? ['--follow'] : []) : writeTimes(t, follow);
  if (times === undefined) {
    return { ok: false, why: `"${t ?? ''}" is no time range.`, q, from: 0, to: q.length };
  }
  if (parsed.where === undefined) return { ok: true, command: commandLine(times) };
  try {
    return { ok: true, command: commandLine([...writeFlags(filtersOf(parsed.where)), ...times]) };
  } catch (cause) {
    if (!(cause instanceof Unsayable)) throw cause;
    return { ok: false, why: `${cause.message}.`, q, ...placeOf(cause.term, parsed.where, q) };
  }
}

/** Where a term stands in the printed query: where a mark stands that is printed in its place. */
function placeOf(term: Expression, where: Expression, q: string): Span {
  const mark = '\uE000';
  const swapped = printQuery(replaced(where, term, { kind: 'text', value: markOf(mark) }));
  const from = swapped.indexOf(mark);
  if (from < 0) return { from: 0, to: q.length };
  return { from, to: from + q.length - (swapped.length - mark.length) };
}

const markOf = (text: string) => ({ kind: 'word', text, quoted: true }) as const;

function replaced(where: Expression, term: Expression, mark: Expression): Expression {
  if (where === term) return mark;
  switch (where.kind) {
    case 'and':
    case 'or':
      return { kind: where.kind, of: where.of.map((part) => replaced(part, term, mark)) };
    case 'not':
      return { kind: 'not', of: replaced(where.of, term, mark) };
    case 'field':
    case 'label':
    case 'text':
      return where;
  }
}
