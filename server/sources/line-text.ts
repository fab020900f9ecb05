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

/** Levels of nesting that no record has. What reads or prints a document calls itself for each. */
const DEEPEST = 500;

/** JSON of a line. One that nests too deep for those who read it later is a bad line like any other (fault 33). */
export function lineJson(text: string): LineJson {
  if (text.length > 2 * DEEPEST && isTooDeep(text)) {
    return { ok: false, reason: 'JSON that nests too deep' };
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) {
      return { ok: false, reason: 'not JSON' };
    }
    throw error;
  }
}

const [QUOTE, BACKSLASH, OPEN_OBJECT, OPEN_ARRAY, CLOSE_OBJECT, CLOSE_ARRAY] = [
  0x22, 0x5c, 0x7b, 0x5b, 0x7d, 0x5d,
];

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfText(text, at);
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth += 1;
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}

/** Where the quote stands that ends a text; the end where there is none. */
function endOfText(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}
