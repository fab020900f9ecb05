export type LineText =
  | { readonly ok: true; readonly text: string; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: string };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const [NUL, CARRIAGE_RETURN] = [0x00, 0x0d];

/**
 * The text of a line without what crashes and editors leave around it: NUL padding, CR, a byte order mark.
 * `bytes` is the record without them. A line without content is an empty text.
 */
export function lineText(line: Uint8Array): LineText {
  let from = 0;
  let to = line.length;
  while (to > from && (line[to - 1] === NUL || line[to - 1] === CARRIAGE_RETURN)) to -= 1;
  while (from < to && line[from] === NUL) from += 1;
  if (line[from] === 0xef && line[from + 1] === 0xbb && line[from + 2] === 0xbf) from += 3;
  const bytes = line.subarray(from, to);
  try {
    return { ok: true, text: utf8.decode(bytes).trim(), bytes };
  } catch (error) {
    if (error instanceof TypeError) return { ok: false, reason: 'not UTF-8' };
    throw error;
  }
}

export type LineJson =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/** JSON of a line. Nesting too deep for the parser's stack is a bad line like any other (fault 33). */
export function lineJson(text: string): LineJson {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) {
      return { ok: false, reason: 'not JSON' };
    }
    throw error;
  }
}
