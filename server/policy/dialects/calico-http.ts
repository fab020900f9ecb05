import type { Clause, Option, Predicate, Question } from '../form.ts';
import { predicateOf } from '../predicates/predicate.ts';
import { anyOf, truthOf, type Truth } from '../truth.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import {
  cappedItems,
  fieldOf,
  isThere,
  refuse,
  textAt,
  textsAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

const MOST = 100;

/**
 * The dataplane ignores `http`; where the option for it is on, a proxy at the pod enforces it. Without a request, then,
 * the rule admits the connection.
 */
export function httpClauses(place: Place): readonly Clause[] {
  if (!isThere(place)) return [];
  const { path } = place;
  const unknown = unknownFields(place, ['methods', 'paths']);
  const methods = textsAt(fieldOf(place, 'methods'), MOST);
  if (new Set(methods).size !== methods.length)
    refuse(fieldOf(place, 'methods'), 'must not name a method twice');
  const paths = cappedItems(fieldOf(place, 'paths'), MOST).flatMap(pathOption);
  const options: readonly Option[][] = [
    methods.length === 0 || methods.includes('*')
      ? []
      : methods.map((method, index) => ({
          path: [...path, 'methods', index],
          predicates: [methodPredicate(method, [...path, 'methods', index])],
        })),
    paths,
    ...unknown.map((each) => [{ path: each, predicates: [notUnderstood(each)] }]),
  ];
  return options
    .filter((each) => each.length > 0)
    .map((each): Clause => ({ kind: 'l7', path, options: each }));
}

function pathOption(place: Place): readonly Option[] {
  const exact = textAt(fieldOf(place, 'exact')) ?? '';
  const prefix = textAt(fieldOf(place, 'prefix')) ?? '';
  const wanted = exact === '' ? prefix : exact;
  if ((exact === '') === (prefix === '')) refuse(place, 'must have one of exact and prefix');
  else if (!wanted.startsWith('/') || /[?# ]/.test(wanted))
    refuse(place, 'must begin with "/" and have no "?", "#" or blank');
  const predicate = pathPredicate(place.path, wanted, exact === '');
  return [{ path: place.path, predicates: [predicate] }];
}

const methodPredicate = (method: string, path: Place['path']): Predicate =>
  requestPredicate(
    path,
    method,
    ({ connection: { http } }) => http?.method,
    (actual) => truthOf(actual === method),
  );

function pathPredicate(path: Place['path'], wanted: string, isPrefix: boolean): Predicate {
  const expected = isPrefix ? `path ${wanted} and below` : `path ${wanted}`;
  return requestPredicate(
    path,
    expected,
    ({ connection: { http } }) => http?.path,
    (actual) => {
      const normal = normalPath(actual);
      if (!isPrefix) return truthOf(normal === wanted);
      const whole = wanted.endsWith('/') ? wanted : `${wanted}/`;
      return anyOf([normal === wanted, normal.startsWith(whole)], truthOf);
    },
  );
}

/** Without query and fragment, and with `.`, `..` and doubled slashes resolved, as the proxy compares them. */
function normalPath(path: string): string {
  const bare = path.split(/[?#]/, 1)[0] ?? '';
  const kept: string[] = [];
  const parts = bare.split('/');
  for (const part of parts)
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  const isFolder = kept.length > 0 && ['', '.', '..'].includes(parts.at(-1) ?? '');
  return `/${kept.join('/')}${isFolder ? '/' : ''}`;
}

function requestPredicate(
  path: Place['path'],
  expected: string,
  read: (question: Question) => string | undefined,
  holds: (actual: string) => Truth,
): Predicate {
  return predicateOf({
    path,
    about: 'l7',
    expected,
    test(question) {
      if (question.connection.http === undefined) return 'yes';
      const actual = read(question);
      return actual === undefined ? 'unknown' : holds(actual);
    },
    actual: (question) => read(question) ?? 'no request known',
    missing: () => ({ kind: 'l7', text: 'the HTTP request' }),
  });
}
