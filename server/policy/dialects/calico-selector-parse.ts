import type { Selector, SetOperator, TextOperator } from './calico-selector.ts';

export type ParsedSelector =
  | { readonly ok: true; readonly selector: Selector }
  | { readonly ok: false; readonly message: string };

/** Upstream refuses longer ones; deeper ones than these nobody writes, and they would end the stack. */
const LIMITS = { characters: 1024, labelCharacters: 512, depth: 64 };

/** Tried in this order, and only after a label, so that a label may be called `in` or `contains`. */
const TEXT_OPERATORS: readonly (readonly [RegExp, TextOperator])[] = [
  [/==/y, '=='],
  [/!=/y, '!='],
  [/contains/y, 'contains'],
  [/starts[ \t]*with/y, 'starts with'],
  [/ends[ \t]*with/y, 'ends with'],
];
const SET_OPERATORS: readonly (readonly [RegExp, SetOperator])[] = [
  [/not[ \t]*in/y, 'not in'],
  [/in/y, 'in'],
];
const FUNCTIONS: readonly (readonly [RegExp, 'all' | 'global'])[] = [
  [/all\([ \t]*\)/y, 'all'],
  [/global\([ \t]*\)/y, 'global'],
];
const SPACE = /[ \t]*/y;
const LABEL = /[A-Za-z0-9_./-]+/y;
const HAS = /has\(/y;
const STRING = /"([^"]*)"|'([^']*)'/y;

class SelectorFault extends Error {}

/** An empty or blank text selects everything. */
export function parseSelector(text: string): ParsedSelector {
  if (text.length > LIMITS.characters)
    return { ok: false, message: `is longer than ${LIMITS.characters} characters` };
  const scan: Scan = { text, at: 0 };
  try {
    skipSpace(scan);
    const selector: Selector = scan.at === text.length ? { kind: 'all' } : readOr(scan, 0);
    if (scan.at < text.length) throw expected(scan, 'an operator or the end');
    return { ok: true, selector };
  } catch (error) {
    if (error instanceof SelectorFault) return { ok: false, message: error.message };
    throw error;
  }
}

type Scan = { readonly text: string; at: number };

function take(scan: Scan, token: RegExp): RegExpExecArray | undefined {
  token.lastIndex = scan.at;
  const found = token.exec(scan.text) ?? undefined;
  if (found !== undefined) scan.at = token.lastIndex;
  return found;
}

const skipSpace = (scan: Scan): void => void take(scan, SPACE);

function takeText(scan: Scan, text: string): boolean {
  skipSpace(scan);
  const found = scan.text.startsWith(text, scan.at);
  if (found) scan.at += text.length;
  return found;
}

function takeOne<T>(scan: Scan, table: readonly (readonly [RegExp, T])[]): T | undefined {
  return table.find(([token]) => take(scan, token) !== undefined)?.[1];
}

const expected = (scan: Scan, what: string): SelectorFault =>
  new SelectorFault(
    `is no selector: at character ${scan.at + 1} ${what} is expected, got ${
      scan.at < scan.text.length
        ? JSON.stringify(scan.text.slice(scan.at, scan.at + 20))
        : 'its end'
    }`,
  );

function readOr(scan: Scan, depth: number): Selector {
  if (depth > LIMITS.depth) throw new SelectorFault('is no selector: it is nested too deeply');
  return readChain(scan, '||', 'or', () =>
    readChain(scan, '&&', 'and', () => readNegations(scan, depth)),
  );
}

function readChain(
  scan: Scan,
  separator: string,
  kind: 'and' | 'or',
  read: () => Selector,
): Selector {
  const first = read();
  if (!takeText(scan, separator)) return first;
  const operands = [first];
  do operands.push(read());
  while (takeText(scan, separator));
  return { kind, operands };
}

function readNegations(scan: Scan, depth: number): Selector {
  let isNegated = false;
  while (takeText(scan, '!')) isNegated = !isNegated;
  const operand = readPrimary(scan, depth);
  return isNegated ? { kind: 'not', operand } : operand;
}

function readPrimary(scan: Scan, depth: number): Selector {
  if (takeText(scan, '(')) {
    const inner = readOr(scan, depth + 1);
    if (!takeText(scan, ')')) throw expected(scan, "')'");
    return inner;
  }
  if (take(scan, HAS) !== undefined) {
    skipSpace(scan);
    const label = readLabel(scan);
    if (!takeText(scan, ')')) throw expected(scan, "')'");
    return { kind: 'has', label };
  }
  const kind = takeOne(scan, FUNCTIONS);
  return kind === undefined ? readComparison(scan, readLabel(scan)) : { kind };
}

function readLabel(scan: Scan): string {
  const label = take(scan, LABEL)?.[0];
  if (label === undefined) throw expected(scan, 'a label');
  if (label.length > LIMITS.labelCharacters)
    throw new SelectorFault(`has a label of more than ${LIMITS.labelCharacters} characters`);
  return label;
}

function readComparison(scan: Scan, label: string): Selector {
  skipSpace(scan);
  const text = takeOne(scan, TEXT_OPERATORS);
  if (text !== undefined) return { kind: text, label, value: readString(scan) };
  const set = takeOne(scan, SET_OPERATORS);
  if (set === undefined) throw expected(scan, `an operator after ${JSON.stringify(label)}`);
  return { kind: set, label, values: readSet(scan) };
}

function readString(scan: Scan): string {
  skipSpace(scan);
  const found = take(scan, STRING);
  if (found === undefined) throw expected(scan, 'a text in quotes');
  return found[1] ?? found[2] ?? '';
}

/** Empty sets and a comma at the end are accepted. */
function readSet(scan: Scan): readonly string[] {
  if (!takeText(scan, '{')) throw expected(scan, "'{'");
  const values = new Set<string>();
  while (!takeText(scan, '}')) {
    values.add(readString(scan));
    if (takeText(scan, ',')) continue;
    if (!takeText(scan, '}')) throw expected(scan, "',' or '}'");
    break;
  }
  return [...values].sort();
}
