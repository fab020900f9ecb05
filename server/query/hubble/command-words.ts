import type { Span } from '../failure.ts';

/** One word of a command line, unquoted, with its place in the line as it was typed. */
export type CommandWord = Span & { readonly text: string };

type SplitCommand =
  | { readonly ok: true; readonly words: readonly CommandWord[]; readonly rest: Span | undefined }
  | { readonly ok: false; readonly message: string; readonly from: number; readonly to: number };

const OPERATOR = /[|;&<>]/;

/**
 * Splits a pasted line as a shell would: quotes, backslashes and continued lines. Nothing is expanded. What follows
 * a pipe or a redirection is no part of the command (`rest`).
 */
export function splitCommand(line: string): SplitCommand {
  const words: CommandWord[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line.charAt(at)) || line.startsWith('\\\n', at)) {
      at += line.charAt(at) === '\\' ? 2 : 1;
      continue;
    }
    if (OPERATOR.test(line.charAt(at))) {
      return { ok: true, words, rest: { from: at, to: line.length } };
    }
    const word = readWord(line, at);
    if (word.unclosed !== undefined) {
      const message = `The quote ${word.unclosed} is not closed.`;
      return { ok: false, message, from: at, to: line.length };
    }
    words.push({ text: word.text, from: at, to: word.end });
    at = word.end;
  }
  return { ok: true, words, rest: undefined };
}

type ReadWord = {
  readonly text: string;
  readonly end: number;
  readonly unclosed: string | undefined;
};

function readWord(line: string, from: number): ReadWord {
  let text = '';
  let at = from;
  while (at < line.length) {
    const char = line.charAt(at);
    if (/\s/.test(char) || OPERATOR.test(char)) break;
    if (char === "'" || char === '"') {
      const quoted = readQuoted(line, at);
      if (quoted === undefined) return { text, end: line.length, unclosed: char };
      text += quoted.text;
      at = quoted.end;
    } else if (char === '\\') {
      const next = line.charAt(at + 1);
      if (next !== '\n') text += next;
      at += 2;
    } else {
      text += char;
      at += 1;
    }
  }
  return { text, end: Math.min(at, line.length), unclosed: undefined };
}

function readQuoted(line: string, from: number): { text: string; end: number } | undefined {
  const quote = line.charAt(from);
  let text = '';
  for (let at = from + 1; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === quote) return { text, end: at + 1 };
    const next = line.charAt(at + 1);
    // Between double quotes a backslash is one, but before these.
    if (quote === '"' && char === '\\' && next !== '' && '"\\$`\n'.includes(next)) {
      if (next !== '\n') text += next;
      at += 1;
    } else text += char;
  }
  return undefined;
}

/** Writes a word so that any POSIX shell reads it back. */
export function quoteWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
