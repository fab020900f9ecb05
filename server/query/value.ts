import type { Field } from '../core/field.ts';
import { canonicalAddress, readCidr } from './address.ts';
import type { Side, Value } from './ast.ts';
import { QueryFailure } from './failure.ts';
import type { Span } from './failure.ts';
import { nearest } from './nearest.ts';
import { readNumber } from './number.ts';
import { readRegex } from './pattern.ts';
import { literal, quote, unquote } from './word.ts';
import type { Place } from './word.ts';

/** A value as the grammar cut it out of the text. `kind` is its node name. */
export type ValueToken = Span & { readonly kind: string; readonly text: string };

/** Reads a value of a text field, of a label or of a bare term, where numbers and blocks have no meaning. */
export function readTextValue(
  token: ValueToken,
  options: { readonly place: Place; readonly ignoreCase: boolean },
): Value {
  const { kind, text } = token;
  switch (kind) {
    case 'Quoted':
      return literal(unquote(text), options.place);
    case 'Regex':
      return readRegexValue(token, options.ignoreCase);
    case 'Star':
      return { kind: 'any' };
    case 'None':
      return { kind: 'none' };
    case 'Range':
    case 'Comparison':
    case 'Cidr':
      throw new QueryFailure(
        `${text} is a range, which only fields of numbers and addresses have. For the text itself write ${quote(text)}.`,
        token,
        quote(text),
      );
    default:
      if (options.place === 'value' && text.startsWith('=')) {
        throw new QueryFailure(
          `One equals sign compares a label, as in app=web. For the text itself write ${quote(text)}.`,
          token,
          text.replace(/^=+/, ''),
        );
      }
      return wordValue(text, options.place);
  }
}

function wordValue(text: string, place: Place): Value {
  if (/^\*+$/.test(text)) return { kind: 'any' };
  return text.includes('*') ? { kind: 'word', text, quoted: false } : literal(text, place);
}

function readRegexValue(token: ValueToken, ignoreCase: boolean): Value {
  const source = token.text
    .slice(1, -1)
    .replace(/\\([^])/g, (pair) => (pair === '\\/' ? '/' : pair));
  const regex = readRegex(source, { ignoreCase });
  if (!regex.ok) throw new QueryFailure(regex.reason, token);
  return { kind: 'regex', source };
}

/** Reads a value as the field's type asks. */
export function readFieldValue(token: ValueToken, field: Field, side: Side | undefined): Value {
  switch (field.type) {
    case 'text': {
      const value = readTextValue(token, {
        place: 'value',
        ignoreCase: field.ignoreCase === true,
      });
      if (value.kind === 'word' && value.text === '') {
        throw new QueryFailure(
          `For flows without a value write ${field.name}:none.`,
          token,
          'none',
        );
      }
      return value;
    }
    case 'number':
      return readNumberValue(token, field);
    case 'address':
      return readAddressValue(token, field);
    case 'choice':
      return readChoice(token, field, side);
  }
}

function readNumberValue(token: ValueToken, field: Field): Value {
  const { kind } = token;
  const text = kind === 'Quoted' ? unquote(token.text) : token.text;
  if (kind === 'Star') return { kind: 'any' };
  if (kind === 'None') return { kind: 'none' };
  const read = (digits: string): number => {
    const number = readNumber(digits, field.unit);
    if (number !== undefined) return number;
    const example =
      field.unit === 'bytes' ? 'bytes:>=1mb' : `${field.name}:80, ${field.name}:80..90`;
    throw new QueryFailure(
      `${field.name} compares whole numbers, such as ${example}; ${JSON.stringify(text)} is none.`,
      token,
    );
  };
  if (kind === 'Comparison') {
    const inclusive = text[1] === '=';
    const bound = { value: read(text.slice(inclusive ? 2 : 1)), inclusive };
    return text.startsWith('>')
      ? { kind: 'range', from: bound, to: undefined }
      : { kind: 'range', from: undefined, to: bound };
  }
  if (kind !== 'Range') {
    const bound = { value: read(text), inclusive: true };
    return { kind: 'range', from: bound, to: bound };
  }
  const [low = '', high = ''] = text.split('..');
  const from = low === '' ? undefined : { value: read(low), inclusive: true };
  const to = high === '' ? undefined : { value: read(high), inclusive: true };
  if (from !== undefined && to !== undefined && from.value > to.value) {
    throw new QueryFailure(
      `The range ${text} is empty; write ${high}..${low}.`,
      token,
      `${high}..${low}`,
    );
  }
  return { kind: 'range', from, to };
}

function readAddressValue(token: ValueToken, field: Field): Value {
  const { kind } = token;
  const text = kind === 'Quoted' ? unquote(token.text) : token.text;
  if (kind === 'Star') return { kind: 'any' };
  if (kind === 'None') return { kind: 'none' };
  if (kind === 'Regex') return readRegexValue(token, false);
  if (kind === 'ValueWord' && text.includes('*')) return wordValue(text, 'value');
  const cidr = readCidr(text);
  if (cidr !== undefined) return { kind: 'cidr', ...cidr };
  const address = canonicalAddress(text);
  if (address !== undefined) return literal(address, 'value');
  throw new QueryFailure(
    `${JSON.stringify(text)} is no address; write one such as ${field.name}:10.0.0.1, a block such as ${field.name}:10.0.0.0/8, or ${field.name}:10.0.*.`,
    token,
  );
}

function readChoice(token: ValueToken, field: Field, side: Side | undefined): Value {
  const typed = (token.kind === 'Quoted' ? unquote(token.text) : token.text).toLowerCase();
  const choices = Object.entries(field.choices ?? {});
  const found = choices.find(([choice, others]) => choice === typed || others.includes(typed))?.[0];
  if (found === undefined) {
    const near = nearest(
      typed,
      choices.flatMap(([choice, others]) => [choice, ...others]),
    );
    const guess = near === undefined ? '' : ` Did you mean ${field.name}:${near}?`;
    throw new QueryFailure(
      `${field.name} takes one of ${choices.map(([choice]) => choice).join(', ')}, or several with commas between them.${guess}`,
      token,
      near,
    );
  }
  if (side !== undefined && field.ofFlow?.some(({ choice }) => choice === found) === true) {
    throw new QueryFailure(
      `${field.name}:${found} is said of a whole flow, not of one end; write it without "${side}."`,
      token,
    );
  }
  return literal(found, 'value');
}
