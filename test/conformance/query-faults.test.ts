import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Endpoint, Flow } from '../../server/core/flow.ts';
import { quote } from '../../server/query/word.ts';
import { openApi, openLive, type TestApi } from '../support/api.ts';
import { runDropwise } from '../support/dropwise.ts';
import { aFlow } from '../support/flow.ts';
import { EVALUATORS } from './query-evaluators.ts';
import { EDGES, inMessage } from './query-refusals.ts';

const from = (differences: Partial<Endpoint>): Flow =>
  aFlow({ source: { ...aFlow().source, ...differences } });

/** Asks everyone, each of a store of its own, and expects the same of all. */
async function expectOfAll(
  flows: readonly Flow[],
  finds: ReadonlyMap<string, readonly Flow[]>,
): Promise<void> {
  for (const { name, open } of EVALUATORS) {
    await using asked = await open(flows, [...finds.keys()]);
    for (const [q, expected] of finds) {
      const ids = (await asked.find(q)).map(({ id }) => id);
      expect({ name, q, ids }).toEqual({ name, q, ids: expected.map(({ id }) => id) });
    }
  }
}

test('SQL in a query is only text, for everyone who answers it (fault 21)', async () => {
  const SQL = [
    "x' OR 1=1--",
    "'; DROP TABLE blocks;--",
    '") UNION SELECT 1 --',
    "' OR ''='",
    ...['%', '_', '?1', '\\'],
  ];
  const said = SQL.map((text) =>
    from({ namespace: text, pod: text, workload: text, labels: [`k8s:note=${text}`] }),
  );
  const flows = [from({}), ...said, from({})];
  const literal = SQL.flatMap((text, at) =>
    ['ns:', 'from.pod:', 'wl:', 'note='].map((head) => [head + quote(text), [said[at]!]] as const),
  );

  await expectOfAll(
    flows,
    new Map<string, readonly Flow[]>([
      ...literal,
      [quote("x' OR 1=1--"), [said[0]!]],
      [quote('drop table'), [said[1]!]],
      // Without quotes: a namespace x', or a label that is called 1.
      ["ns:x' OR 1=1--", []],
      // Everything is still there.
      ['', flows],
    ]),
  );
});

test('regular expressions that explode elsewhere are answered, by everyone (fault 23)', async () => {
  const letters = 'a'.repeat(10_000);
  const [ends, goesOn] = [from({ pod: letters }), from({ pod: `${letters}!` })];
  // A machine that tries every way to divide the letters would not come to an end.
  const found = [
    ['/(a+)+$/', [ends]],
    ['/^(a|aa)+$/', [ends]],
    ['/^(a*)*$/', [ends]],
    ['/^(a|a)*!$/', [goesOn]],
    ['/(.*a){12}$/', [ends]],
    ['/^(a?){60}a{60}b$/', []],
  ] as const;

  await expectOfAll(
    [ends, goesOn],
    new Map(
      found.flatMap(([regex, expected]) => [
        [`pod:${regex}`, expected],
        [regex, expected],
      ]),
    ),
  );
});

describe.each(EDGES)('$name', ({ refusalOf }) => {
  let api: TestApi;

  beforeAll(async () => {
    api = await openApi();
  });

  afterAll(async () => {
    await api[Symbol.asyncDispose]();
  });

  test.each([
    ['__proto__:x', 'no field "__proto__"'],
    ['constructor:x', 'no field "constructor"'],
    ['toString:x', 'no field "toString"'],
    ['from.__proto__:x', 'no field "from.__proto__"'],
    ['to.hasOwnProperty:*', 'no field "to.hasOwnProperty"'],
    ['__proto__=x', 'no label key'],
    ['verdict:__proto__', 'verdict takes one of'],
    ['is:constructor', 'is takes one of'],
    ['bytes:1constructor', 'whole numbers'],
  ])('%s is refused as a field that is none (fault 22)', async (q, detail) => {
    expect(await refusalOf(api, q)).toMatchObject({
      code: 'bad-query',
      detail: expect.stringContaining(detail) as string,
      position: { from: expect.any(Number) as number },
    });
  });

  test.each(['(?=a)b', '(?!a)b', '(?<=a)b', '(?<!a)b'])(
    'lookaround %s gets a clear error with its place (fault 24)',
    async (regex) => {
      expect(await refusalOf(api, `ns:shop pod:/${regex}/`)).toMatchObject({
        code: 'bad-query',
        detail: expect.stringContaining('Lookahead and lookbehind are not supported') as string,
        position: { from: 12, to: 14 + regex.length },
      });
    },
  );

  test.each([
    ['65 terms', 'a '.repeat(65), 'more than 64 terms'],
    ['1,000 terms', 'a '.repeat(1_000), 'more than 64 terms'],
    ['depth 9', `${'('.repeat(9)}a${')'.repeat(9)}`, 'more than 8 deep'],
    ['depth 1,000', `${'('.repeat(1_000)}a${')'.repeat(1_000)}`, 'more than 8 deep'],
    ['2,048 parentheses that nobody closes', '('.repeat(2_048), 'more than 8 deep'],
    ['a regular expression of 257 characters', `pod:/${'a'.repeat(257)}/`, 'at most 256'],
    ['one of more instructions than letters', 'pod:/(\\pL{100}){10}/', 'too large'],
  ])('%s are refused (fault 25)', async (_what, q, detail) => {
    expect(await refusalOf(api, q)).toMatchObject({
      code: 'bad-query',
      detail: expect.stringContaining(detail) as string,
    });
  });

  test.each([
    ['2,049 characters', 'a'.repeat(2_049)],
    ['5,000 terms', '(a)'.repeat(5_000)],
  ])('%s are refused for their length, before they are read (fault 25)', async (_what, q) => {
    const { code, detail } = await refusalOf(api, q);
    expect(['bad-query', 'bad-request']).toContain(code);
    expect(detail).toMatch(/2048|2,048/);
  });
});

describe('10,000 terms (fault 25)', () => {
  const tooMany = 'a '.repeat(10_000);

  test('are more than the URL of a request may hold; the server goes on', async () => {
    await using api = await openApi();
    const answer = await rawAnswer(api.url, `/api/v1/flows?q=${encodeURIComponent(tooMany)}`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    await expect(openLive(api.url, { q: tooMany })).rejects.toThrow('431');
    expect((await api.get('/api/v1/flows?q=ns:shop')).status).toBe(200);
  });

  test('end the command with exit code 2', async () => {
    const { code, stdout, stderr } = await runDropwise(['flows', tooMany]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('at most 2048');
    expect(stderr).not.toContain('    at ');
  });

  test('are refused as a message to a live stream', async () => {
    await using api = await openApi();
    expect(await inMessage.refusalOf(api, tooMany)).toMatchObject({ code: 'bad-request' });
  });
});

/** What the server says to a request that it may cut off: `fetch` would tell of the broken connection instead. */
async function rawAnswer(url: string, path: string): Promise<string> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  socket.on('error', () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await once(socket, 'close');
  return answer;
}
