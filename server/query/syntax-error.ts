import type { Tree } from '@lezer/common';
import { QueryFailure } from './failure.ts';
import type { Span } from './failure.ts';

type Token = Span & { readonly name: string };

/** Says what stands where the grammar lost its way. The tree must hold an error. */
export function syntaxError(tree: Tree, text: string): QueryFailure {
  const tokens: Token[] = [];
  let at: number | undefined;
  tree.iterate({
    enter: ({ type, from, to, node }) => {
      if (type.isError) at = Math.min(at ?? from, from);
      else if (node.firstChild === null && to > from) tokens.push({ name: type.name, from, to });
    },
  });
  let from = at ?? 0;
  while (/\s/.test(text.charAt(from))) from += 1;
  const before = tokens.filter((token) => token.to <= from).at(-1);
  return from >= text.length ? atEnd(text, before) : atToken(text, from, before);
}

const JOINS = new Set(['And', 'Or', 'Not', 'Minus']);

function incomplete(text: string, before: Token | undefined): string | undefined {
  if (before === undefined) return undefined;
  const written = text.slice(before.from, before.to);
  if (before.name === 'FieldHead')
    return `${written} needs a value, such as ns:shop, ns:* or ns:none.`;
  if (before.name === 'LabelHead')
    return `${written} needs a value, such as app=web, app=* or app="".`;
  if (before.name === 'Comma') return 'A comma needs a value after it, as in port:80,443.';
  if (JOINS.has(before.name))
    return `${written} needs a term after it, such as ${written === '-' ? '-' : `${written} `}ns:shop.`;
  return undefined;
}

function atEnd(text: string, before: Token | undefined): QueryFailure {
  const span = before ?? { from: 0, to: text.length };
  return new QueryFailure(
    incomplete(text, before) ??
      (before?.name === 'Open'
        ? 'A parenthesis needs terms in it, as in (ns:shop OR ns:web).'
        : 'A parenthesis is not closed; write ) at the end.'),
    span,
  );
}

function atToken(text: string, from: number, before: Token | undefined): QueryFailure {
  const rest = text.slice(from);
  const wordLength = /^(?:[(),:=-]|[^\s(),]+)/.exec(rest)?.[0].length ?? 1;
  const span = { from, to: from + wordLength };
  const word = rest.slice(0, wordLength);
  if (word.startsWith('"')) {
    return new QueryFailure('A quote is not closed; write " at the end of the text.', {
      from,
      to: text.length,
    });
  }
  const missing = incomplete(text, before);
  if (missing !== undefined && before !== undefined) {
    return new QueryFailure(missing, before);
  }
  switch (word) {
    case ')':
      return new QueryFailure(
        before?.name === 'Open'
          ? 'A parenthesis needs terms in it, as in (ns:shop OR ns:web).'
          : 'No parenthesis is open here; leave ) out, or put it in quotes.',
        span,
      );
    case ',':
      return new QueryFailure('A comma lists values of one field, as in port:80,443.', span);
    case ':':
      return new QueryFailure('A colon follows the name of a field, as in ns:shop.', span);
    case '=':
      return new QueryFailure('An equals sign follows the key of a label, as in app=web.', span);
    case 'AND':
    case 'OR':
      return new QueryFailure(`${word} joins two terms, as in ns:shop ${word} ns:web.`, span);
    default:
      return new QueryFailure(
        `${word} cannot be read here; put text with special characters in quotes, as in "a(b)".`,
        span,
      );
  }
}
