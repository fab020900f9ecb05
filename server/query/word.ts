import { isRegexWord, valueKind } from './grammar/tokens.ts';
import type { Value } from './ast.ts';

/** Where a word stands: after a field or a label, or alone. */
export type Place = 'value' | 'text';

const SPECIAL: Readonly<Record<Place, RegExp>> = {
  value: /[ \t\n\r\u00a0(),"*]|^=/,
  text: /[ \t\n\r\u00a0(),":=*]|^-|^(?:and|or|not)$/i,
};

/** Whether a literal text means something else, or nothing, when it is written bare. */
export function needsQuotes(text: string, place: Place): boolean {
  if (text === '' || SPECIAL[place].test(text) || isRegexWord(text)) return true;
  // In a list the rest of such a word may look like the end of a regular expression.
  if (/^\/.*[[{]/.test(text)) return true;
  return place === 'value' && valueKind(text) !== -1;
}

/** A literal word in the one form that parsing gives it: marked as quoted only where quotes are needed. */
export function literal(text: string, place: Place): Value {
  return { kind: 'word', text, quoted: needsQuotes(text, place) };
}

/** `"a \"b\""` → `a "b"`. A backslash takes the next character as it is. */
export function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\([^])/g, '$1');
}

export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
