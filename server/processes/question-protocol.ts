import type { Progress } from '../operations/analysis-desk.ts';
import type { SentError } from './sent-error.ts';

/** One question to a process. Arguments and answers are plain data; signals stay with whoever asks. */
export type Call = {
  readonly method: string;
  readonly args: readonly unknown[];
};

export type Answer =
  /** What it answers from is open. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: SentError };
