import type { Field } from '../core/field.ts';
import { FIELDS, findField } from '../core/fields.ts';
import { canonicalAddress } from './address.ts';
import type { FieldTerm, LabelTerm, Side, TextTerm, Value } from './ast.ts';
import { QueryFailure } from './failure.ts';
import type { Span } from './failure.ts';
import { nearest } from './nearest.ts';
import { readFieldValue, readTextValue } from './value.ts';
import type { ValueToken } from './value.ts';
import { quote } from './word.ts';

/** A token with the text that it covers. */
export type Head = Span & { readonly text: string };

const SIDED = /^(from|to)\.(.+)$/;
const OTHER_SIDES: ReadonlyMap<string, Side> = new Map([
  ['src', 'from'],
  ['source', 'from'],
  ['dst', 'to'],
  ['dest', 'to'],
  ['destination', 'to'],
]);

function splitSide(name: string): { side: Side | undefined; rest: string } {
  const match = SIDED.exec(name);
  const side = match?.[1];
  if (side !== 'from' && side !== 'to') return { side: undefined, rest: name };
  return { side, rest: match?.[2] ?? '' };
}

/** `head` ends with the colon. */
export function readFieldTerm(head: Head, values: readonly ValueToken[]): FieldTerm {
  const name = head.text.slice(0, -1);
  const { side, rest } = splitSide(name);
  const field = findField(rest);
  if (field === undefined) throw unknownField(name, head, values);
  if (side !== undefined && typeof field.columns === 'string') {
    throw new QueryFailure(
      `${field.name} belongs to the whole flow and has no sides; write ${field.name}:… without "${side}."`,
      head,
      `${field.name}:`,
    );
  }
  return {
    kind: 'field',
    side,
    field: field.name,
    values: values.map((value) => readFieldValue(value, field, side)),
  };
}

function unknownField(name: string, head: Head, values: readonly ValueToken[]): QueryFailure {
  const first = values[0]?.text ?? '';
  const whole = { from: head.from, to: values.at(-1)?.to ?? head.to };
  if (name === 'from' || name === 'to') {
    return new QueryFailure(
      `"${name}" is a side and takes a field: ${name}.ns:shop, ${name}.pod:web-1 or ${name}.app=web.`,
      head,
    );
  }
  if (canonicalAddress(head.text + first) !== undefined) {
    const suggestion = `ip:${head.text}${first}`;
    return new QueryFailure(`For an address write ${suggestion}.`, whole, suggestion);
  }
  if (first.includes('=') && !first.startsWith('=')) {
    return new QueryFailure(
      `There is no field "${name}". Labels are written without their source, as in ${first}.`,
      whole,
      first,
    );
  }
  const near = nearField(name);
  if (near !== undefined) {
    return new QueryFailure(
      `There is no field "${name}". Did you mean "${near}", as in ${near}:${first === '' ? '…' : first}?`,
      head,
      `${near}:`,
    );
  }
  return new QueryFailure(
    `There is no field "${name}". Fields are ${FIELDS.map((row) => row.name).join(', ')}. To search for the text itself, put it in quotes: ${quote(head.text + first)}.`,
    head,
  );
}

/** The name, side included, that was most likely meant. */
function nearField(name: string): string | undefined {
  const dot = name.indexOf('.');
  const before = name.slice(0, Math.max(0, dot));
  const side = before === 'from' || before === 'to' ? before : OTHER_SIDES.get(before);
  const rest = side === undefined ? name : name.slice(dot + 1);
  const fits = (row: Field): boolean => side === undefined || typeof row.columns !== 'string';
  const known = FIELDS.filter(fits).flatMap((row) => [row.name, ...row.aliases]);
  const near = nearest(rest, known);
  return near === undefined || side === undefined ? near : `${side}.${near}`;
}

const LABEL_KEY = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$/;

/** `head` ends with `=` or `!=`. */
export function readLabelTerm(head: Head, tokens: readonly ValueToken[]): LabelTerm {
  const negated = head.text.endsWith('!=');
  const { side, rest: key } = splitSide(head.text.slice(0, negated ? -2 : -1));
  if (!LABEL_KEY.test(key)) {
    throw new QueryFailure(
      `"${key}" is no label key. Labels are written as app.kubernetes.io/name=redis; fields take a colon, as in ns:shop.`,
      head,
    );
  }
  const values = tokens.map((token): Value =>
    readTextValue(token, { place: 'value', ignoreCase: false }),
  );
  return { kind: 'label', side, key, negated, values };
}

export function readTextTerm(token: ValueToken): TextTerm {
  if (token.kind === 'TextWord' && /^(?:and|or|not)$/i.test(token.text)) {
    const upper = token.text.toUpperCase();
    throw new QueryFailure(
      `Write ${upper} in capitals to join terms, or ${quote(token.text)} to search for the word.`,
      token,
      upper,
    );
  }
  const value = readTextValue(token, { place: 'text', ignoreCase: true });
  if (value.kind === 'any' || (value.kind === 'word' && value.text === '')) {
    throw new QueryFailure(
      'This finds every flow; leave it out, or name a field, as in policy:*.',
      token,
    );
  }
  return { kind: 'text', value };
}
