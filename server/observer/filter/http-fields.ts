import {
  isObject,
  pickInteger,
  pickObject,
  pickObjects,
  pickText,
  type LooseObject,
} from '../../sources/decode/loose-json.ts';
import { refuse } from '../refuse.ts';
import { regexTest } from './patterns.ts';
import type { FieldRule } from './rule.ts';

const httpOf = (flow: LooseObject): LooseObject | undefined =>
  pickObject(pickObject(flow, 'l7'), 'http');

const STATUS = /^(?:[1-5]\d{2}|[1-5]\d?\+)$/;

/** `404`, or `5+` and `50+` for all that begin so. */
const statusCode: FieldRule = (entries, field) => {
  const wanted = entries.map(String);
  const wrong = wanted.find((text) => !STATUS.test(text));
  if (wrong !== undefined)
    refuse(`${field}: '${wrong}' is neither a status such as 404 nor a beginning such as 5+`);
  return ({ flow }) => {
    const code = pickInteger(httpOf(flow), 'code') ?? 0;
    const text = String(code).padStart(3, '0');
    return (
      code !== 0 &&
      wanted.some((asked) =>
        asked.endsWith('+') ? text.startsWith(asked.slice(0, -1)) : text === asked,
      )
    );
  };
};

const method: FieldRule = (entries) => {
  const wanted = new Set(entries.map((entry) => String(entry).toLowerCase()));
  return ({ flow }) => {
    const told = pickText(httpOf(flow), 'method');
    return told !== '' && wanted.has(told.toLowerCase());
  };
};

const url =
  (partOf: (url: string) => string | undefined): FieldRule =>
  (entries, field) => {
    const tests = entries.map((entry) => regexTest(field, String(entry)));
    return ({ flow }) => {
      const told = pickText(httpOf(flow), 'url');
      const part = told === '' ? undefined : partOf(told);
      return part !== undefined && tests.some((test) => test(part));
    };
  };

/** The decoded path of `http://host/path?query` or `/path`; `undefined` where the URL is none. */
function pathOf(text: string): string | undefined {
  const path = /^(?:[a-z][a-z\d+.-]*:\/\/[^/?#]*)?(\/[^?]*)?(?:\?.*)?$/is.exec(text)?.[1];
  if (path === undefined) return /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? '' : undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

const header: FieldRule = (entries) => {
  const wanted = entries.filter(isObject);
  return ({ flow }) =>
    pickObjects(httpOf(flow), 'headers').some((told) =>
      wanted.some(
        (asked) =>
          pickText(asked, 'key') === pickText(told, 'key') &&
          pickText(asked, 'value') === pickText(told, 'value'),
      ),
    );
};

/** Fields that only a record of an HTTP request or response can fit. */
export const HTTP_FIELDS: Readonly<Record<string, FieldRule>> = {
  http_status_code: statusCode,
  http_method: method,
  http_path: url(pathOf),
  http_url: url((whole) => whole),
  http_header: header,
};

export const hasHttpField = (field: string): boolean => Object.hasOwn(HTTP_FIELDS, field);
