import { RE2JS } from 're2js';
import type { Connection, HttpRequest } from '../facts.ts';
import type { Option, Predicate, Question } from '../form.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { predicateOf } from '../predicates/predicate.ts';
import { truthOf, type Truth } from '../truth.ts';
import {
  choiceAt,
  fieldOf,
  isThere,
  itemsAt,
  recordAt,
  refuse,
  shown,
  textAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

const HTTP_FIELDS = ['method', 'path', 'host', 'headers', 'headerMatches'] as const;

/** All fields that are written must hold; an entry without fields admits every request. */
export function readHttp(place: Place): Option {
  const open = unknownFields(place, HTTP_FIELDS).map(notUnderstood);
  const patterns = (['method', 'path', 'host'] as const).flatMap((field) =>
    readExpression(fieldOf(place, field), field),
  );
  const headers = itemsAt(fieldOf(place, 'headers')).flatMap(readHeader);
  const matches = itemsAt(fieldOf(place, 'headerMatches')).flatMap(readHeaderMatch);
  return { path: place.path, predicates: [...patterns, ...headers, ...matches, ...open] };
}

type HttpText = 'method' | 'path' | 'host';

/** The expression must match the whole value, as the proxy has it. */
function readExpression(place: Place, field: HttpText): readonly Predicate[] {
  const text = textAt(place) ?? '';
  if (text === '') return [];
  try {
    const expression = RE2JS.compile(text);
    const matchesAll = text === '.*';
    return [
      requestPredicate({
        place,
        expected: `${field} ${text}`,
        what: `the ${field} of the request`,
        valueOf: ({ http }) => http?.[field],
        test: (value) => matchesAll || expression.matches(value),
        always: matchesAll,
      }),
    ];
  } catch {
    refuse(place, `is no regular expression that the proxy can read: ${shown(text)}`);
    return [];
  }
}

/** `X-Name: value`, or the name alone where it only has to be there. */
function readHeader(place: Place): readonly Predicate[] {
  const text = (textAt(place) ?? '').trim();
  if (text === '') return [];
  const space = text.indexOf(' ');
  const name = (space < 0 ? text : text.slice(0, space)).replace(/:$/, '');
  return [headerPredicate(place, name, space < 0 ? '' : text.slice(space + 1))];
}

const MISMATCHES = ['LOG', 'ADD', 'DELETE', 'REPLACE'] as const;

function readHeaderMatch(place: Place): readonly Predicate[] {
  recordAt(place);
  const name = textAt(fieldOf(place, 'name')) ?? '';
  const value = textAt(fieldOf(place, 'value')) ?? '';
  const mismatch = choiceAt(fieldOf(place, 'mismatch'), MISMATCHES);
  const secret = fieldOf(place, 'secret');
  const open = unknownFields(place, ['name', 'value', 'mismatch', 'secret']).map(notUnderstood);
  if (name === '') refuse(fieldOf(place, 'name'), 'must be given');
  // With an action the proxy corrects the header or logs it, and lets the request through.
  if (mismatch !== undefined) return open;
  return isThere(secret)
    ? [notUnderstood(secret.path), ...open]
    : [headerPredicate(place, name, value), ...open];
}

function headerPredicate(place: Place, name: string, value: string): Predicate {
  const key = name.toLowerCase();
  return requestPredicate({
    place,
    expected: value === '' ? `header ${name}` : `header ${name}: ${value}`,
    what: 'the headers of the request',
    valueOf: ({ http }) => headerOf(http, key),
    test: (found) => found !== NO_HEADER && (value === '' || found === value),
  });
}

const NO_HEADER = 'no such header';

const headerOf = (http: HttpRequest | undefined, key: string): string | undefined =>
  http?.headers === undefined ? undefined : (http.headers.get(key) ?? NO_HEADER);

type RequestTest = {
  readonly place: Place;
  readonly expected: string;
  readonly what: string;
  valueOf(connection: Connection): string | undefined;
  test(value: string): boolean;
  /** Holds for every request, so also for one that is not known. */
  readonly always?: boolean;
};

function requestPredicate(asked: RequestTest): Predicate {
  const test = ({ connection }: Question): Truth => {
    if (asked.always === true) return 'yes';
    const value = asked.valueOf(connection);
    return value === undefined ? 'unknown' : truthOf(asked.test(value));
  };
  return predicateOf({
    path: asked.place.path,
    about: 'l7',
    expected: asked.expected,
    test,
    actual: ({ connection }) => asked.valueOf(connection) ?? `${asked.what}, which is not known`,
    missing: () => ({ kind: 'l7', text: asked.what }),
  });
}
