import { globSync, readFileSync } from 'node:fs';
import { buildParserFile } from '@lezer/generator';
import { expect, test } from 'vitest';

const folder = new URL('../../../server/query/grammar/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

test('the committed parser is what the grammar makes; `npm run grammar` renews it', () => {
  const { parser, terms } = buildParserFile(read('query.grammar'), {
    fileName: 'query.grammar',
    moduleStyle: 'es',
    includeNames: false,
    warn: (message) => expect.unreachable(message),
  });

  // The command line writes a terms file beside the parser; the parser itself is the same.
  expect(read('query.generated.js').trim()).toBe(parser.trim());
  expect(read('query.generated.terms.js').trim()).toBe(terms.trim());
});

test('the parts that run in the browser use nothing of Node', () => {
  const root = new URL('../../../', import.meta.url);
  const files = globSync('server/{query,core}/**/*.{ts,js}', { cwd: root });
  expect(files.length).toBeGreaterThan(20);
  for (const file of files) {
    expect(readFileSync(new URL(file, root), 'utf8'), file).not.toMatch(
      /from ['"]node:|\bprocess\.|\bBuffer\b/,
    );
  }
});
