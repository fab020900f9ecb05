import { diff } from '@codemirror/merge';

export type DiffLine = {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
};

/** Lines that differ with a few around them, or how many lines that do not differ are left out. */
export type DiffPart =
  | { readonly kind: 'lines'; readonly lines: readonly DiffLine[] }
  | { readonly kind: 'left-out'; readonly count: number };

/** Lines that stay around a change, so that one sees where it is. */
const CONTEXT = 3;

/**
 * First character that stands for a line. From here to the halves of pairs there are more of them than a manifest that a
 * cluster stores has lines.
 */
const FIRST = 0x100;

/** Every line of both texts in the order of a unified diff. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const old = linesOf(before);
  const now = linesOf(after);
  // Each distinct line becomes one character, so that a comparison of texts compares lines.
  const codes = new Map<string, string>();
  const encode = (lines: readonly string[]): string =>
    lines
      .map((line) => {
        const code = codes.get(line) ?? String.fromCharCode(FIRST + codes.size);
        codes.set(line, code);
        return code;
      })
      .join('');
  const result: DiffLine[] = [];
  const add = (kind: DiffLine['kind'], lines: readonly string[]): void =>
    void result.push(...lines.map((text) => ({ kind, text })));
  let at = 0;
  for (const { fromA, toA, fromB, toB } of diff(encode(old), encode(now))) {
    add('same', old.slice(at, fromA));
    add('removed', old.slice(fromA, toA));
    add('added', now.slice(fromB, toB));
    at = toA;
  }
  add('same', old.slice(at));
  return result;
}

/** The lines with long stretches that do not differ left out. */
export function diffParts(lines: readonly DiffLine[]): readonly DiffPart[] {
  const kept = lines.map((_, at) =>
    lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ kind }) => kind !== 'same'),
  );
  const parts: ({ kind: 'lines'; lines: DiffLine[] } | { kind: 'left-out'; count: number })[] = [];
  for (const [at, line] of lines.entries()) {
    const last = parts.at(-1);
    if (kept[at] === true) {
      if (last?.kind === 'lines') last.lines.push(line);
      else parts.push({ kind: 'lines', lines: [line] });
    } else if (last?.kind === 'left-out') last.count += 1;
    else parts.push({ kind: 'left-out', count: 1 });
  }
  return parts;
}

/** A text that ends in a line break has no empty line after it. */
const linesOf = (text: string): readonly string[] =>
  text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/);
