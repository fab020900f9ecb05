import { describe, expect, test } from 'vitest';
import { lineJson, lineText } from '../../../server/sources/line-text.ts';
import { calicoLines } from '../../../server/sources/calico-line.ts';
import { nanos } from '../../../server/core/time.ts';

const nested = (levels: number): string => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;

describe('the JSON of a line', () => {
  test('is refused when it nests deeper than others can follow (fault 33)', () => {
    expect(lineJson(nested(400)).ok).toBe(true);
    expect(lineJson(nested(100_000))).toEqual({ ok: false, reason: 'JSON that nests too deep' });
  });

  test('may hold any number of brackets in its texts', () => {
    const text = JSON.stringify({ a: '[{'.repeat(5_000), b: `\\"${'['.repeat(5_000)}` });
    expect(lineJson(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown });
  });

  test('that nests without end in a counted field stops no Calico source (fault 33)', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const text = `{"action":"allow","reporter":"src","start_time":1,"end_time":2,"num_flows_started":1,"source_port":${deep}}`;
    const bytes = Buffer.from(text);
    const place = { file: '', offset: 0, always: false };
    const line = { text, bytes, place, receivedAt: nanos(1n) };
    expect(calicoLines('c', 'n')(line)).toEqual({ rejected: 'JSON that nests too deep' });
  });
});

test('a line is freed of NUL padding, CR and a byte order mark, and nothing else (fault 51)', () => {
  const text = lineText(Buffer.from('\0\0\uFEFF{"a":"\u00e9 \\u0000"}\r\0'));
  expect(text).toMatchObject({ ok: true, text: '{"a":"\u00e9 \\u0000"}' });
  expect(lineText(Buffer.from('\0\0\0\r'))).toMatchObject({ ok: true, text: '' });
});
