import { RE2JS } from 're2js';
import { QUERY_LIMITS } from './limits.ts';

/** A text with `*` for any run of characters. Takes time in proportion to pattern times text at worst. */
export function globTest(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return (text) => text === pattern;
  const middle = parts.slice(1, -1).filter((part) => part !== '');
  return (text) => {
    if (text.length < first.length + last.length) return false;
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    let from = first.length;
    for (const part of middle) {
      const at = text.indexOf(part, from);
      if (at < 0) return false;
      from = at + part.length;
    }
    return from <= text.length - last.length;
  };
}

/** Why an expression is refused, or the expression ready to run. */
export type ReadRegex =
  | { readonly ok: true; readonly test: (text: string) => boolean }
  | { readonly ok: false; readonly reason: string };

/**
 * Compiles a regular expression for RE2, which takes time in proportion to the text whatever the pattern
 * says; it finds a match anywhere in a text.
 */
export function readRegex(source: string, options: { readonly ignoreCase: boolean }): ReadRegex {
  if (source.length > QUERY_LIMITS.regexCharacters) {
    return {
      ok: false,
      reason: `The regular expression has ${source.length} characters; at most ${QUERY_LIMITS.regexCharacters} are allowed.`,
    };
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source, options.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (cause) {
    return { ok: false, reason: whyRefused(source, cause) };
  }
  if (compiled.programSize() > QUERY_LIMITS.regexInstructions) {
    return { ok: false, reason: 'The regular expression is too large; use smaller repetitions.' };
  }
  return { ok: true, test: (text) => compiled.test(text) };
}

function whyRefused(source: string, cause: unknown): string {
  if (/\(\?<?[=!]/.test(source)) {
    return 'Lookahead and lookbehind are not supported, since RE2 promises linear time. Use two terms, such as pod:/^web/ -pod:/canary/.';
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return `The regular expression cannot be read by RE2: ${reason}.`;
}
