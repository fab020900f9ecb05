import type { InputStream } from '@lezer/lr';
import { ExternalTokenizer } from '@lezer/lr';
import { Cidr, Comparison, None, Range, Regex, Star } from './query.generated.terms.js';

const SLASH = 47;
const BACKSLASH = 92;
const END_OF_TEXT = -1;

/** Space, tab, line ends, no-break space: the grammar's `space`. */
const isSpace = (code: number): boolean =>
  code === 32 || code === 9 || code === 10 || code === 13 || code === 160;

const OPENS = new Set([0x5b, 0x7b]); // [ {
const CLOSES = new Set([0x5d, 0x7d]); // ] }
const COMMA = 44;
const CLOSE_PARENTHESIS = 41;

/**
 * Length of the regular expression whose opening slash stands at offset 0; 0 when there is none. It holds no
 * white space, commas only inside `[]` or `{}`, and its first bare slash ends the word, so that paths such as
 * `/api/v1` and lists of them are plain words.
 */
function regexLength(codeAt: (offset: number) => number): number {
  if (codeAt(0) !== SLASH) return 0;
  let nesting = 0;
  let offset = 1;
  for (;;) {
    const code = codeAt(offset);
    if (code === END_OF_TEXT || isSpace(code) || (code === COMMA && nesting === 0)) return 0;
    if (code === SLASH) break;
    if (OPENS.has(code)) nesting += 1;
    if (CLOSES.has(code)) nesting -= 1;
    offset += code === BACKSLASH ? 2 : 1;
  }
  const after = codeAt(offset + 1);
  const endsWord =
    after === END_OF_TEXT || isSpace(after) || after === COMMA || after === CLOSE_PARENTHESIS;
  return offset > 1 && endsWord ? offset + 1 : 0;
}

/** Whether a whole text reads as a regular expression. */
export function isRegexWord(text: string): boolean {
  const codeAt = (offset: number): number =>
    offset < text.length ? text.charCodeAt(offset) : END_OF_TEXT;
  return text !== '' && regexLength(codeAt) === text.length;
}

/** `/re2/`, in the place of a value or of a bare word. */
export const regexToken = new ExternalTokenizer((input: InputStream) => {
  const length = regexLength((offset) => input.peek(offset));
  if (length > 0) input.acceptToken(Regex, length);
});

const RANGE = /^(?:\d[\w.]*?)?\.\.(?:\d\w*)?$/;
const CIDR = /^(?:\d+(?:\.\d+){3}|[\da-fA-F.]*:[\da-fA-F:.]*)\/\d+$/;

/** Kind of an unquoted value; -1 leaves it a plain word. */
export function valueKind(word: string): number {
  if (word === '*') return Star;
  if (word === 'none') return None;
  if (word.startsWith('<') || word.startsWith('>')) return Comparison;
  if (word.length > 2 && RANGE.test(word)) return Range;
  if (CIDR.test(word)) return Cidr;
  return -1;
}
