import type { SyntaxNode, Tree } from '@lezer/common';
import type { Expression } from './ast.ts';
import type { QueryError } from './failure.ts';
import { QueryFailure } from './failure.ts';
import { parser } from './grammar/query.generated.js';
import { QUERY_LIMITS } from './limits.ts';
import { printQuery } from './print.ts';
import { syntaxError } from './syntax-error.ts';
import { readFieldTerm, readLabelTerm, readTextTerm } from './term.ts';
import type { ValueToken } from './value.ts';

export type ParsedQuery =
  /** `undefined` means all flows. */
  | { readonly ok: true; readonly where: Expression | undefined }
  | { readonly ok: false; readonly error: QueryError };

/**
 * Reads a query. The tree comes out in one form: no `and` inside an `and`, no `or` inside an `or`, no double
 * negation, names and values canonical; `printQuery` writes it so that it reads back the same.
 */
export function parseQuery(text: string): ParsedQuery {
  try {
    return { ok: true, where: readText(text) };
  } catch (cause) {
    if (cause instanceof QueryFailure) return { ok: false, error: cause.error };
    throw cause;
  }
}

function readText(text: string): Expression | undefined {
  const limit = QUERY_LIMITS.characters;
  // Before the parser runs: all its work and the height of its tree hang on the length.
  if (text.length > limit) {
    throw new QueryFailure(
      `The query has ${text.length} characters; at most ${limit} are allowed.`,
      { from: limit, to: text.length },
    );
  }
  const tree = parser.parse(text);
  checkSize(tree, text);
  const top = tree.topNode.firstChild;
  if (top === null) return undefined;
  const where = readNode(top, text);
  const printed = printQuery(where).length;
  if (printed > limit) {
    throw new QueryFailure(
      `The query has ${printed} characters once its short forms are written out; at most ${limit} are allowed.`,
      { from: 0, to: text.length },
    );
  }
  return where;
}

/** Refuses what is too deep or too long before anything recurses into it, then what the grammar could not read. */
function checkSize(tree: Tree, text: string): void {
  let depth = 0;
  let terms = 0;
  let broken = false;
  const cursor = tree.cursor();
  do {
    const { name, type } = cursor;
    const span = { from: cursor.from, to: cursor.to };
    broken ||= type.isError;
    if (name === 'Close') depth -= 1;
    if (name === 'Open' && (depth += 1) > QUERY_LIMITS.depth) {
      throw new QueryFailure(
        `Parentheses are nested more than ${QUERY_LIMITS.depth} deep; write the query flatter.`,
        span,
      );
    }
    const isTerm =
      name.endsWith('Term') || (name === 'Regex' && cursor.node.prevSibling?.name === 'Comma');
    if (isTerm && (terms += 1) > QUERY_LIMITS.terms) {
      throw new QueryFailure(
        `The query has more than ${QUERY_LIMITS.terms} terms; list values of one field with commas, as in port:80,443.`,
        span,
      );
    }
  } while (cursor.next());
  if (broken) throw syntaxError(tree, text);
}

function readNode(node: SyntaxNode, text: string): Expression {
  const children = childrenOf(node);
  switch (node.name) {
    case 'OrExpression':
      return joined(
        'or',
        children.filter(({ name }) => name !== 'Or'),
        text,
      );
    case 'AndExpression':
      checkApart(children);
      return joined(
        'and',
        children.filter(({ name }) => name !== 'And'),
        text,
      );
    case 'NotExpression':
      return negated(children, text);
    case 'Group':
      return readNode(at(children, 1), text);
    default:
      return readTerm(node, children, text);
  }
}

function joined(kind: 'and' | 'or', nodes: readonly SyntaxNode[], text: string): Expression {
  const of = nodes
    .map((node) => readNode(node, text))
    .flatMap((part) => (part.kind === kind ? part.of : [part]));
  return { kind, of };
}

function negated(children: readonly SyntaxNode[], text: string): Expression {
  const [sign, operand] = [at(children, 0), at(children, 1)];
  if (sign.name === 'Minus' && sign.to !== operand.from) {
    throw new QueryFailure(
      'A minus stands right before what it excludes, as in -ns:shop; put it in quotes to search for it.',
      sign,
    );
  }
  const of = readNode(operand, text);
  return of.kind === 'not' ? of.of : { kind: 'not', of };
}

function readTerm(node: SyntaxNode, children: readonly SyntaxNode[], text: string): Expression {
  const tokens = children.map(({ name, from, to }): ValueToken => ({
    kind: name,
    from,
    to,
    text: text.slice(from, to),
  }));
  for (const [index, token] of tokens.entries()) {
    const previous = tokens[index - 1];
    if (previous !== undefined && previous.to !== token.from) {
      const close = text.slice(node.from, node.to).replace(/\s+/g, '');
      throw new QueryFailure(`No space belongs after ${previous.text}; write ${close}.`, {
        from: previous.from,
        to: token.to,
      });
    }
  }
  const head = at(tokens, 0);
  const values = tokens.slice(1).filter(({ kind }) => kind !== 'Comma');
  if (node.name === 'FieldTerm') return readFieldTerm(head, values);
  if (node.name === 'LabelTerm') return readLabelTerm(head, values);
  return readTextTerm(head);
}

/** `a(b)` and `"a""b"` are two terms to the grammar and one to most readers. */
function checkApart(children: readonly SyntaxNode[]): void {
  for (const [index, child] of children.entries()) {
    const previous = children[index - 1];
    const touches = previous !== undefined && previous.to === child.from;
    if (touches && previous.name !== 'And' && child.name !== 'And') {
      throw new QueryFailure(
        'Put a space between two terms, or quotes around text with special characters.',
        { from: previous.from, to: child.to },
      );
    }
  }
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error('the grammar and its reader disagree');
  return item;
}
