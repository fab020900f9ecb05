import { commonLines } from '../policy/suggest/edit.ts';

const CONTEXT = 3;

/** A unified diff of two texts that differ in one place, as suggestions do; empty where they are equal. */
export function oneChangeDiff(
  before: string,
  after: string,
  names: { readonly before: string; readonly after: string },
): string {
  const [old, now] = [linesOf(before), linesOf(after)];
  const { same, behind } = commonLines(old, now);
  if (same === old.length && same === now.length) return '';
  const first = Math.max(0, same - CONTEXT);
  const last = (lines: readonly string[]): number =>
    Math.min(lines.length, lines.length - behind + CONTEXT);
  const marked = (mark: string, lines: readonly string[]): readonly string[] =>
    lines.map((line) => `${mark}${line}`);
  const range = (lines: readonly string[]): string =>
    `${lines.length === 0 ? 0 : first + 1},${last(lines) - first}`;
  return [
    `--- ${names.before}`,
    `+++ ${names.after}`,
    `@@ -${range(old)} +${range(now)} @@`,
    ...marked(' ', old.slice(first, same)),
    ...marked('-', old.slice(same, old.length - behind)),
    ...marked('+', now.slice(same, now.length - behind)),
    ...marked(' ', now.slice(now.length - behind, last(now))),
    '',
  ].join('\n');
}

const linesOf = (text: string): readonly string[] =>
  text === '' ? [] : text.replace(/\n$/, '').split('\n');
