import { AppError } from '../core/errors.ts';
import { fromHubble } from '../query/hubble/from-hubble.ts';
import { toHubble } from '../query/hubble/to-hubble.ts';

/**
 * Prints the query of a `hubble observe` line, or the line of a query; what could not be said goes to standard error.
 * Throws an AppError `bad-query` that shows where.
 */
export function printTranslation(
  text: string,
  { direction }: { readonly direction: 'from-hubble' | 'to-hubble' },
): void {
  if (direction === 'to-hubble') {
    const answer = toHubble(text);
    if (!answer.ok) throw failure(answer.why, answer.q, answer);
    process.stdout.write(`${answer.command}\n`);
    return;
  }
  const answer = fromHubble(text);
  if (!answer.ok) throw failure(answer.error.message, text, answer.error);
  process.stdout.write(`${answer.q}\n`);
  if (answer.t !== undefined)
    process.stderr.write(`time: ${answer.t} (flows --since ${answer.t})\n`);
  for (const { message } of answer.notes) process.stderr.write(`note: ${message}\n`);
}

function failure(
  message: string,
  text: string,
  { from, to }: { readonly from: number; readonly to: number },
): AppError {
  const place = text.slice(from, to);
  return new AppError('bad-query', place === '' ? message : `${message} (at "${place}")`, {
    fields: { position: { from, to } },
  });
}
