import { COMMANDS } from '../core/drop-advice/commands.ts';
import { reasonsDocument, reasonText } from '../core/drop-advice/document.ts';
import { DROP_CHECKS } from '../core/drop-advice/entry.ts';
import { dropAdvice } from '../core/drop-advice/table.ts';
import { DROP_REASONS, dropReason, dropReasonCode } from '../core/drop-reasons.ts';
import { AppError } from '../core/errors.ts';
import { nearest } from '../query/nearest.ts';
import { printJson, printTable, type OutputFormat } from './print.ts';

/**
 * Prints what a drop reason means and what to do, of `all` the document, of none the list. Throws an AppError
 * `bad-request` for a name that is no reason.
 */
export function printReason(
  name: string | undefined,
  { output }: { readonly output: OutputFormat },
): void {
  const codes =
    name === undefined || name === 'all' ? DROP_REASONS.map(({ code }) => code) : [codeOf(name)];
  if (output === 'json') for (const code of codes) printJson(reasonJson(code));
  else if (name === undefined) printList();
  else process.stdout.write(name === 'all' ? reasonsDocument() : codes.map(reasonText).join('\n'));
}

function printList(): void {
  printTable(
    ['number', 'reason', 'category', 'meaning'],
    DROP_REASONS.map(({ number, code, category, words }) => [
      number === undefined ? '' : String(number),
      ...[code, category, words],
    ]),
  );
}

/** Code of a name or number. A number that is newer than this program is a reason all the same. */
function codeOf(name: string): string {
  if (/^\d{1,3}$/.test(name)) return dropReasonCode(Number(name));
  const codes = DROP_REASONS.map(({ code }) => code);
  const wanted = name.toUpperCase().replaceAll(/[\s-]/g, '_');
  const found = codes.find((code) => code === wanted);
  if (found !== undefined) return found;
  const lower = codes.map((code) => code.toLowerCase());
  const meant = nearest(wanted.toLowerCase(), lower)?.toUpperCase();
  throw new AppError(
    'bad-request',
    `there is no drop reason '${name}'; ${meant === undefined ? 'dropwise reason lists them' : `did you mean ${meant}?`}`,
  );
}

function reasonJson(code: string): object {
  const { commands, checks, retina, ...advice } = dropAdvice(code);
  return {
    ...dropReason(code),
    ...advice,
    commands: commands.map((id) => COMMANDS[id]),
    checks: checks.map((id) => ({ id, asks: DROP_CHECKS[id] })),
    retina: retina && {
      words: retina.words,
      commands: retina.commands.map((id) => COMMANDS[id]),
    },
  };
}
