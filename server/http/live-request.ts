import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import type { LiveRequest } from './live-contract.ts';

const schema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('subscribe'),
    id: z.number().int().min(0),
    q: z.string().max(2_048),
    rows: z.number().int().min(0).max(2_000).optional(),
  }),
  z.strictObject({ kind: z.literal('ack'), batch: z.number().int().min(0) }),
  z.strictObject({ kind: z.literal('visible'), visible: z.boolean() }),
]);

/** Reads what a viewer sent, or throws an AppError `bad-request` that says what is wrong with it. */
export function parseLiveRequest(text: string): LiveRequest {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (cause) {
    throw new AppError('bad-request', 'a message to the live stream must be JSON', { cause });
  }
  const parsed = schema.safeParse(message);
  if (!parsed.success) {
    throw new AppError(
      'bad-request',
      `a message to the live stream: ${z.prettifyError(parsed.error)}`,
    );
  }
  const { data } = parsed;
  if (data.kind !== 'subscribe') return data;
  const { rows, ...rest } = data;
  return rows === undefined ? rest : { ...rest, rows };
}
