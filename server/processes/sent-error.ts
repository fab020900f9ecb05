import { AppError, type ErrorCode } from '../core/errors.ts';

/** An error on its way between threads or processes, which share no classes. */
export type SentError =
  | {
      readonly kind: 'named';
      readonly code: ErrorCode;
      readonly detail: string;
      readonly fields: Readonly<Record<string, unknown>>;
      /** For the log. */
      readonly cause: string;
    }
  | { readonly kind: 'bug'; readonly text: string };

export function sendError(error: unknown): SentError {
  if (!(error instanceof AppError)) return { kind: 'bug', text: textOf(error) };
  const { code, detail, fields, cause } = error;
  return { kind: 'named', code, detail, fields, cause: cause === undefined ? '' : textOf(cause) };
}

/** The error as whoever asked would have caught it. */
export function receiveError(sent: SentError): Error {
  if (sent.kind === 'bug') return new Error(sent.text);
  const { code, detail, fields, cause } = sent;
  return new AppError(code, detail, { fields, ...(cause === '' ? {} : { cause }) });
}

const textOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
