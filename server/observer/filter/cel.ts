/**
 * The part of CEL that comparisons need: fields of `_flow` against constants, joined by `&&`, `||`, `!` and
 * parentheses. All else is refused, since a half-understood expression would select the wrong flows.
 */
import protobuf from 'protobufjs';
import { HUBBLE_ROOT } from '../../sources/hubble-proto.ts';
import { isObject, pick } from '../../sources/decode/loose-json.ts';
import { refuse } from '../refuse.ts';
import type { FieldRule, FlowTest } from './rule.ts';

type Constant = string | number | boolean;

const TOKEN =
  /\s*(?:(?<sign>&&|\|\||==|!=|!|\(|\))|(?<text>"[^"\\]*"|'[^'\\]*')|(?<number>\d+)|(?<name>[A-Za-z_][\w.]*))/y;
const MAX_LENGTH = 2_048;
const MAX_DEPTH = 32;

type Token = { readonly kind: 'sign' | 'text' | 'number' | 'name' | 'end'; readonly text: string };

const FLOW = HUBBLE_ROOT.lookupType('flow.Flow');

/** Every expression must hold of one of its entries, as with every other field. */
export const celExpressions: FieldRule = (entries, field) => {
  const expressions = entries.flatMap((entry): readonly unknown[] => {
    const told = isObject(entry) ? entry['cel_expression'] : undefined;
    return Array.isArray(told) ? told : [];
  });
  const tests = expressions.map((text) => compile(String(text), field));
  return (told) => tests.length === 0 || tests.some((test) => test(told));
};

function compile(text: string, field: string): FlowTest {
  const fail = (): never =>
    refuse(
      `${field}: the CEL expression '${text}' holds more than comparisons such as _flow.verdict == Verdict.DROPPED, ` +
        'joined by &&, || and !. Use filters for the rest, such as --verdict, --to-pod or --label',
    );
  if (text.length > MAX_LENGTH) fail();
  const tokens = tokensOf(text, fail);
  let at = 0;
  const peek = (): Token => tokens[at] ?? { kind: 'end', text: '' };
  const takes = (sign: string): boolean => {
    if (peek().kind !== 'sign' || peek().text !== sign) return false;
    at += 1;
    return true;
  };
  const joined = (sign: string, part: (depth: number) => FlowTest) => (depth: number) => {
    const parts = [part(depth)];
    while (takes(sign)) parts.push(part(depth));
    return parts;
  };
  const either = (depth: number): FlowTest => {
    const parts = joined('||', both)(depth);
    return (told) => parts.some((test) => test(told));
  };
  const both = (depth: number): FlowTest => {
    const parts = joined('&&', one)(depth);
    return (told) => parts.every((test) => test(told));
  };
  const one = (depth: number): FlowTest => {
    if (depth > MAX_DEPTH) fail();
    if (takes('!')) {
      const test = one(depth + 1);
      return (told) => !test(told);
    }
    if (!takes('(')) return comparison();
    const test = either(depth + 1);
    return takes(')') ? test : fail();
  };
  const comparison = (): FlowTest => {
    const path = peek();
    at += 1;
    if (path.kind !== 'name' || !path.text.startsWith('_flow.')) return fail();
    const read = reader(path.text.slice('_flow.'.length).split('.')) ?? fail();
    const equal = takes('==');
    if (!equal && !takes('!='))
      return read.zero === false ? (told) => read.of(told) === true : fail();
    const wanted = constantOf(peek(), read.type) ?? fail();
    at += 1;
    if (typeof wanted !== typeof read.zero) fail();
    return (told) => (read.of(told) === wanted) === equal;
  };
  const test = either(0);
  return peek().kind === 'end' ? test : fail();
}

function tokensOf(text: string, fail: () => never): readonly Token[] {
  const tokens: Token[] = [];
  const source = text.trim();
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const { sign, text: quoted, number, name } = TOKEN.exec(source)?.groups ?? {};
    if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.slice(1, -1) });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else fail();
  }
  return tokens;
}

type Reader = {
  /** The value in proto3 JSON; that of an absent field is its zero. */
  readonly of: (told: Parameters<FlowTest>[0]) => unknown;
  readonly zero: Constant;
  readonly type: protobuf.ReflectionObject | null;
};

/** A field of one value; `undefined` for what is none, or has no constant to be compared with. */
function reader(path: readonly string[]): Reader | undefined {
  let type: protobuf.Type = FLOW;
  for (const [depth, name] of path.entries()) {
    const field: protobuf.Field | undefined = type.fields[name];
    const target: protobuf.ReflectionObject | null = field?.resolve().resolvedType ?? null;
    if (field === undefined || field.repeated) return undefined;
    if (depth === path.length - 1) {
      const zero = zeroOf(field, target);
      return zero === undefined ? undefined : { zero, type: target, of: valueAt(path, zero) };
    }
    if (!(target instanceof protobuf.Type)) return undefined;
    type = target;
  }
  return undefined;
}

const valueAt =
  (path: readonly string[], zero: Constant): Reader['of'] =>
  ({ flow }) => {
    let value: unknown = flow;
    for (const name of path) value = isObject(value) ? pick(value, name) : undefined;
    return value ?? zero;
  };

function zeroOf(
  field: protobuf.Field,
  target: protobuf.ReflectionObject | null,
): Constant | undefined {
  if (target instanceof protobuf.Enum) return target.valuesById[0];
  if (target !== null) return undefined;
  return { string: '', bool: false, uint32: 0, int32: 0 }[field.type];
}

/** `Verdict.DROPPED`, or an enum's number, for an enum; else a text, a number, `true` or `false`. */
function constantOf(
  { kind, text }: Token,
  type: protobuf.ReflectionObject | null,
): Constant | undefined {
  if (type instanceof protobuf.Enum) {
    if (kind === 'number') return type.valuesById[Number(text)];
    const [name, value = '', ...rest] = text.replace(/^flow\./, '').split('.');
    const known = kind === 'name' && name === type.name && rest.length === 0;
    return known && Object.hasOwn(type.values, value) ? value : undefined;
  }
  if (kind === 'text') return text;
  if (kind === 'number') return Number(text);
  return text === 'true' ? true : text === 'false' ? false : undefined;
}
