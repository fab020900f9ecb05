import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineSplitter } from '../../../server/sources/transport/line-splitter.ts';

const LIMIT = 20;

test('lines, offsets and the bytes before them do not depend on how the bytes arrive', () => {
  const anyText = fc
    .array(fc.tuple(fc.nat(40), fc.constantFrom('\n', '\n\n', '')), { maxLength: 30 })
    .map((parts) => parts.map(([length, end]) => 'x'.repeat(length) + end).join(''));
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 15 }), fc.nat(3), (text, step, most) => {
      const bytes = Buffer.from(text);
      const splitter = createLineSplitter({ limit: LIMIT, offset: 0, before: Buffer.alloc(0) });
      const seen: { length: number; offset: number; oversized: boolean }[] = [];
      const drain = (): void => {
        for (;;) {
          const lines = splitter.take(most + 1);
          for (const line of lines) {
            const { offset, oversized } = line;
            seen.push({ length: line.bytes.length, offset, oversized });
          }
          const before = splitter.before();
          const at = splitter.offset();
          expect(bytes.subarray(at - before.length, at)).toEqual(before);
          if (lines.length === 0) return;
        }
      };
      for (let at = 0; at < bytes.length; at += step) {
        splitter.push(bytes.subarray(at, at + step));
        drain();
      }
      const rest = splitter.takeRest();
      const expected = splitPlainly(text);
      expect(seen).toEqual(expected.complete);
      expect(rest?.offset).toBe(expected.rest);
    }),
  );
});

function splitPlainly(text: string): {
  readonly complete: readonly { length: number; offset: number; oversized: boolean }[];
  readonly rest: number | undefined;
} {
  const parts = text.split('\n');
  const last = parts.pop() ?? '';
  let offset = 0;
  const complete = parts.map((part) => {
    const oversized = part.length > LIMIT;
    // Of a line that is too long only the beginning that had arrived is kept.
    const line = { length: part.length, offset, oversized };
    offset += part.length + 1;
    return oversized ? { ...line, length: expect.any(Number) as number } : line;
  });
  return { complete, rest: last === '' ? undefined : offset };
}
