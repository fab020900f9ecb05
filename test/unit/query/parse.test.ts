import { describe, expect, test } from 'vitest';
import type { QueryError } from '../../../server/query/failure.ts';
import { parseQuery } from '../../../server/query/parse.ts';
import { printQuery } from '../../../server/query/print.ts';

function canonical(text: string): string {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return printQuery(parsed.where);
}

function errorOf(text: string): QueryError {
  const parsed = parseQuery(text);
  if (parsed.ok) throw new Error(`${text} was read as ${printQuery(parsed.where)}`);
  return parsed.error;
}

const CANONICAL: readonly (readonly [string, string])[] = [
  ['', ''],
  ['  ', ''],
  ['verdict:allowed,denied,audit', 'verdict:forwarded,dropped,audited'],
  ['dir:in protocol:TCP', 'dir:ingress proto:TCP'],
  ['namespace:shop workload:web service:shop/web', 'ns:shop wl:web svc:shop/web'],
  ['ns:a AND ns:b', 'ns:a ns:b'],
  ['NOT ns:a', '-ns:a'],
  ['NOT (ns:a ns:b)', '-(ns:a ns:b)'],
  ['-(-(ns:a))', 'ns:a'],
  ['ns:a OR ns:b ns:c', 'ns:a OR ns:b ns:c'],
  ['(ns:a OR ns:b) ns:c', '(ns:a OR ns:b) ns:c'],
  ['((ns:a) (ns:b ns:c))', 'ns:a ns:b ns:c'],
  ['port:80..80,90..,..7,>5,<=3', 'port:80,>=90,<=7,>5,<=3'],
  ['bytes:>=1000kb,1024,1.5MB,999', 'bytes:>=1mb,1kib,1500kb,999'],
  ['ip:10.1.2.3/8,FD00::1/8,::FFFF:10.0.0.1', 'ip:10.0.0.0/8,fd00::/8,10.0.0.1'],
  ['ip:::ffff:10.1.0.0/112,2001:db8:0:0::7', 'ip:10.1.0.0/16,2001:db8::7'],
  ['to.app.kubernetes.io/name=redis app!=a,"b c"', 'to.app.kubernetes.io/name=redis app!=a,"b c"'],
  ['pod:"web-0","none","a*"', 'pod:web-0,"none","a*"'],
  ['"say \\"hi\\" \\\\"', '"say \\"hi\\" \\\\"'],
  ['l7.path:/api/v1,/api/ l7.path:/a\\/b/', 'l7.path:/api/v1,/api/ l7.path:/a\\/b/'],
  ['policy:shop/redis-ingress,none,*', 'policy:shop/redis-ingress,none,*'],
  ['web -none', 'web -none'],
  ['\u00a0ns:shop\n\tpod:x', 'ns:shop pod:x'],
];

test.each(CANONICAL)('%j is written as %j', (text, written) => {
  expect(canonical(text)).toBe(written);
  expect(canonical(written)).toBe(written);
});

/** Text, what the message must say, and the part of the text that it points at. */
const REFUSED: readonly (readonly [string, RegExp, string])[] = [
  ['ns:shop namspace:x', /no field "namspace".*"namespace"/, 'namspace:'],
  ['src.port:80', /Did you mean "from.port"/, 'src.port:'],
  ['frm.ns:x', /no field "frm.ns"/, 'frm.ns:'],
  ['from:web', /is a side/, 'from:'],
  ['time:now', /no field "time".*Fields are verdict/, 'time:'],
  ['fd00::1', /ip:fd00::1/, 'fd00::1'],
  ['k8s:app=web', /as in app=web/, 'k8s:app=web'],
  ['verdict:drop', /one of forwarded, dropped.*Did you mean verdict:dropped/, 'drop'],
  ['verdict:none', /one of forwarded/, 'none'],
  ['to.verdict:dropped', /no sides/, 'to.verdict:'],
  ['from.is:reply', /whole flow/, 'reply'],
  ['from.is:new-pair', /said of a whole flow/, 'new-pair'],
  ['port:http', /whole numbers/, 'http'],
  ['port:80kb', /whole numbers/, '80kb'],
  ['port:8*', /whole numbers/, '8*'],
  ['port:10.0.0.0/8', /whole numbers/, '10.0.0.0/8'],
  ['port:90..80', /write 80..90/, '90..80'],
  ['bytes:99999999999tb', /whole numbers/, '99999999999tb'],
  ['ip:10.0', /no address/, '10.0'],
  ['ip:10.0.0.1/33', /no address/, '10.0.0.1/33'],
  ['ip:010.0.0.1', /no address/, '010.0.0.1'],
  ['pod:10.0.0.0/8', /is a range/, '10.0.0.0/8'],
  ['version=1..2', /is a range/, '1..2'],
  ['app==web', /One equals sign/, '=web'],
  ['-app-=web', /no label key/, 'app-='],
  ['pod:""', /pod:none/, '""'],
  ['a or b', /OR in capitals/, 'or'],
  ['*', /every flow/, '*'],
  ['a,b', /comma lists values/i, ','],
  ['ns: shop', /write ns:shop/, 'ns: shop'],
  ['ns:a, b', /write ns:a,b/, ', b'],
  ['ns:', /needs a value/, 'ns:'],
  ['ns:a,', /comma needs a value/, ','],
  ['app=', /app=""/, 'app='],
  ['a - b', /right before/, '-'],
  ['a OR', /OR needs a term/, 'OR'],
  ['AND a', /AND joins two/, 'AND'],
  ['a(b)', /space between/, 'a(b)'],
  ['(a', /not closed/, 'a'],
  ['a)', /No parenthesis is open/, ')'],
  ['()', /needs terms/, ')'],
  ['pod:"web', /quote is not closed/, '"web'],
  ['pod:/(a/', /cannot be read by RE2/, '/(a/'],
  ['pod:/(a)\\1/', /cannot be read by RE2/, '/(a)\\1/'],
];

test.each(REFUSED)('%j is refused with advice', (text, message, part) => {
  const error = errorOf(text);
  expect(error.message).toMatch(message);
  expect(text.slice(error.from, error.to)).toBe(part);
});

test('a suggestion put in place of the span makes the query readable', () => {
  for (const text of [
    'namspace:x',
    'src.port:80',
    'fd00::1',
    'verdict:drop',
    'port:90..80',
    'a or b',
  ]) {
    const { from, to, suggestion = '' } = errorOf(text);
    expect(parseQuery(text.slice(0, from) + suggestion + text.slice(to))).toHaveProperty(
      'ok',
      true,
    );
  }
});

test('names that every object has are no fields (fault 22)', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'from.__proto__', 'hasOwnProperty']) {
    expect(errorOf(`${name}:x`).message).toContain(`no field "${name}"`);
  }
  expect(errorOf('verdict:constructor').message).toContain('one of forwarded');
});

test('lookahead and lookbehind get a clear error (fault 24)', () => {
  for (const regex of ['(?=a)b', '(?!a)b', '(?<=a)b', '(?<!a)b']) {
    expect(errorOf(`pod:/${regex}/`).message).toMatch(/Lookahead and lookbehind are not supported/);
  }
});

describe('limits (fault 25)', () => {
  const nested = (depth: number): string => `${'('.repeat(depth)}a${')'.repeat(depth)}`;

  test('64 terms, depth 8 and 256 characters of regular expression are read', () => {
    expect(canonical(Array.from({ length: 64 }, () => 'a').join(' '))).toHaveLength(127);
    expect(canonical(nested(8))).toBe('a');
    expect(canonical(`pod:/${'a'.repeat(256)}/`)).toHaveLength(262);
  });

  test('one more of each is refused', () => {
    expect(errorOf(Array.from({ length: 65 }, () => 'a').join(' ')).message).toMatch(/64 terms/);
    expect(errorOf(`pod:${Array.from({ length: 65 }, () => '/a/').join(',')}`).message).toMatch(
      /64 terms/,
    );
    expect(errorOf(nested(9)).message).toMatch(/8 deep/);
    expect(errorOf(`pod:/${'a'.repeat(257)}/`).message).toMatch(/256/);
    expect(errorOf('a'.repeat(2049)).message).toMatch(/2048/);
    expect(errorOf('pod:/(\\pL{100}){10}/').message).toMatch(/too large/);
  });

  test('text that is longer once aliases are written out is refused, since it could not be shared', () => {
    expect(errorOf(`dir:${Array.from({ length: 600 }, () => 'in').join(',')}`).message).toMatch(
      /2048/,
    );
  });

  test('10,000 terms and depth 1,000 are refused by their length or depth', () => {
    for (const text of [
      'a '.repeat(10_000),
      nested(1000),
      nested(100_000),
      '('.repeat(2048),
      '-('.repeat(1024),
    ]) {
      expect(errorOf(text).message).toMatch(/at most 2048|more than 8 deep/);
    }
  });
});
