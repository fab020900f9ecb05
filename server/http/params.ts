import type { Request } from 'express';
import { AppError } from '../core/errors.ts';
import { readFields } from '../operations/read-request.ts';

/** A text parameter; a repeated one is refused rather than one of them chosen. */
export function textParam(request: Request, name: string, fallback: string): string {
  const value = request.query[name];
  if (value === undefined) return fallback;
  if (typeof value === 'string') return value;
  throw new AppError('bad-request', `the parameter '${name}' may be given once, as text`);
}

/** Names between commas, such as the fields to count by; none where the text is empty. */
export function fieldsParam(request: Request, name: string, fallback: string): readonly string[] {
  return readFields(textParam(request, name, fallback));
}

type Bounds = { readonly min: number; readonly max: number };

/** A whole number within bounds; `undefined` when the parameter is absent. */
export function numberParam(
  request: Request,
  name: string,
  { min, max }: Bounds,
): number | undefined {
  const text = textParam(request, name, '');
  if (text === '') return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new AppError(
    'bad-request',
    `the parameter '${name}' must be a whole number from ${min} to ${max}, not '${text}'`,
  );
}

/** One of the words, the first when the parameter is absent. */
export function choiceParam<const T extends string>(
  request: Request,
  name: string,
  choices: readonly [T, ...T[]],
): T {
  const text = textParam(request, name, choices[0]);
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new AppError('bad-request', `the parameter '${name}' must be one of ${choices.join(', ')}`);
}
