import type { FlowReader } from '../store/flow-store.ts';
import type { SentError } from './sent-error.ts';

export type ReaderMethod = keyof FlowReader;

/** One question to a reader process. Arguments and answers are plain data; signals stay on this side. */
export type ReaderCall = {
  readonly id: number;
  readonly method: ReaderMethod;
  readonly args: readonly unknown[];
};

export type ReaderAnswer =
  /** The store is open. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: SentError };
