import type { Expression } from '../../../server/query/ast.ts';
import { parseQuery } from '../../../server/query/parse.ts';
import { printQuery } from '../../../server/query/print.ts';
import { needsQuotes, quote } from '../../../server/query/word.ts';

/** `field:value`, the value in quotes where it would mean something else. */
export const fieldTerm = (field: string, value: string): string =>
  `${field}:${needsQuotes(value, 'value') ? quote(value) : value}`;

/** The parts that all have to match. */
export function conjuncts(q: string): readonly Expression[] {
  const parsed = parseQuery(q);
  if (!parsed.ok || parsed.where === undefined) return [];
  return parsed.where.kind === 'and' ? parsed.where.of : [parsed.where];
}

/** The query that they make together; what stands there twice counts once. */
export function joinParts(parts: readonly Expression[]): string {
  const seen = new Map(parts.map((part) => [printQuery(part), part]));
  const [first, ...more] = seen.values();
  if (first === undefined) return '';
  return printQuery(more.length === 0 ? first : { kind: 'and', of: [first, ...more] });
}

/** Narrows a query to what also matches the terms. One that cannot be read is replaced. */
export const withTerms = (q: string, terms: readonly string[]): string =>
  joinParts([...conjuncts(q), ...terms.flatMap(conjuncts)]);

/** Narrows a query to what does not match all of the terms. */
export function withoutTerms(q: string, terms: readonly string[]): string {
  const of = terms.flatMap(conjuncts);
  const [first, ...more] = of;
  if (first === undefined) return q;
  return joinParts([
    ...conjuncts(q),
    { kind: 'not', of: more.length === 0 ? first : { kind: 'and', of } },
  ]);
}

/** Each way to drop one part of a query: the part, and the query without it. */
export function dropOneTerm(q: string): readonly { readonly term: string; readonly q: string }[] {
  const parts = conjuncts(q);
  return parts.map((part) => ({
    term: printQuery(part),
    q: joinParts(parts.filter((other) => other !== part)),
  }));
}

/** Canonical text; the text itself where it cannot be read. */
export function canonical(q: string): string {
  const parsed = parseQuery(q);
  return parsed.ok ? printQuery(parsed.where) : q;
}
