import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DROP_REASONS } from '../../../server/core/drop-reasons.ts';
import { FIELDS } from '../../../server/core/fields.ts';
import { parseQuery } from '../../../server/query/parse.ts';

const docs = readFileSync(new URL('../../../docs/query.md', import.meta.url), 'utf8');
const rows = docs
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
      .join(' | '),
  );
const code = (word: string): string => `\`${word}\``;

describe('docs/query.md', () => {
  test.each(FIELDS)('tells of $name what the field table says', (field) => {
    const sides = typeof field.columns === 'string' ? '' : 'yes';
    const cells = [code(field.name), field.aliases.map(code).join(', '), sides, field.type];

    expect(rows).toContain([...cells, field.about].join(' | '));
    for (const [choice, others] of Object.entries(field.choices ?? {})) {
      expect(rows).toContain(
        [code(field.name), code(choice), others.map(code).join(', ')].join(' | '),
      );
    }
  });

  test('names every category of drop reasons', () => {
    for (const { category } of DROP_REASONS) expect(docs).toContain(code(category));
  });

  test('gives examples that can be read', () => {
    const block = /```\n([^]*?)```/.exec(docs)?.[1] ?? '';
    const examples = block.trim().split('\n');
    expect(examples.length).toBeGreaterThan(5);
    for (const example of examples) {
      const [query = ''] = example.split(/ {3,}/);
      expect(parseQuery(query), query).toHaveProperty('ok', true);
    }
  });
});
