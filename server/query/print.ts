import { findField } from '../core/fields.ts';
import type { Expression, FieldTerm, Value } from './ast.ts';
import { writeNumber } from './number.ts';
import { needsQuotes, quote } from './word.ts';
import type { Place } from './word.ts';

/** Writes a query in its one canonical form; empty text for all flows. `parseQuery` reads it back the same. */
export function printQuery(where: Expression | undefined): string {
  return where === undefined ? '' : print(where, 'or');
}

/** `within`: what the parts around it are joined by; an `or` needs parentheses anywhere but in itself. */
function print(node: Expression, within: 'or' | 'and' | 'not'): string {
  switch (node.kind) {
    case 'or': {
      const text = node.of.map((part) => print(part, 'or')).join(' OR ');
      return within === 'or' ? text : `(${text})`;
    }
    case 'and': {
      const text = node.of.map((part) => print(part, 'and')).join(' ');
      return within === 'not' ? `(${text})` : text;
    }
    case 'not':
      return within === 'not' ? `(-${print(node.of, 'not')})` : `-${print(node.of, 'not')}`;
    case 'field':
      return printFieldTerm(node);
    case 'label': {
      const values = node.values.map((value) => printValue(value, 'value')).join(',');
      return `${printSide(node.side)}${node.key}${node.negated ? '!=' : '='}${values}`;
    }
    case 'text':
      return printValue(node.value, 'text');
  }
}

const printSide = (side: FieldTerm['side']): string => (side === undefined ? '' : `${side}.`);

function printFieldTerm({ side, field, values }: FieldTerm): string {
  const unit = findField(field)?.unit;
  const list = values.map((value) => printValue(value, 'value', unit)).join(',');
  return `${printSide(side)}${field}:${list}`;
}

function printValue(value: Value, place: Place, unit?: 'bytes'): string {
  switch (value.kind) {
    case 'word': {
      const isPattern = !value.quoted && value.text.includes('*');
      return !isPattern && needsQuotes(value.text, place) ? quote(value.text) : value.text;
    }
    case 'regex':
      return printRegex(value.source);
    case 'range':
      return printRange(value, unit);
    case 'cidr':
      return `${value.address}/${value.bits}`;
    case 'any':
      return '*';
    case 'none':
      return 'none';
  }
}

function printRange({ from, to }: Value & { kind: 'range' }, unit: 'bytes' | undefined): string {
  const write = (value: number): string => writeNumber(value, unit);
  if (from === undefined) {
    return to === undefined ? '*' : `${to.inclusive ? '<=' : '<'}${write(to.value)}`;
  }
  if (to === undefined) return `${from.inclusive ? '>=' : '>'}${write(from.value)}`;
  // Values are whole numbers, so an exclusive end has an inclusive neighbour.
  const low = from.inclusive ? from.value : from.value + 1;
  const high = to.inclusive ? to.value : to.value - 1;
  return low === high ? write(low) : `${write(low)}..${write(high)}`;
}

/** Escapes what would end the expression early: slashes, white space, and commas outside `[]` and `{}`. */
function printRegex(source: string): string {
  let nesting = 0;
  const body = source.replace(/\\[^]|[^]/g, (part) => {
    const char = part.at(-1) ?? '';
    if (/\s/.test(char)) return `\\x{${char.charCodeAt(0).toString(16)}}`;
    if (part.length > 1) return part;
    if (char === '[' || char === '{') nesting += 1;
    if (char === ']' || char === '}') nesting -= 1;
    return char === '/' || (char === ',' && nesting === 0) ? `\\${char}` : part;
  });
  return `/${body}/`;
}
