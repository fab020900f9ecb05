import type { CommandId } from './commands.ts';

/** What we can look for among the stored flows around a drop; `operations/drop-checks` does it. */
export const DROP_CHECKS = {
  'stale-connection': 'Is it the reply of a connection that is no longer tracked?',
  'open-connection': 'Was this same connection let through before?',
  'sender-address': 'Who had the source address before?',
  'address-owner': 'Who had the destination address before, and until when?',
  protocols: 'Which protocols does this node drop for the same reason?',
  dns: 'Was there a DNS answer for the destination?',
  identity: 'Did an end just start, or was it seen with another identity?',
} as const;

export type DropCheckId = keyof typeof DROP_CHECKS;

export const DROP_CHECK_IDS = Object.keys(DROP_CHECKS) as readonly DropCheckId[];

/** Whether network policy can have anything to do with a drop. */
export type PolicyPart = {
  readonly part: 'decides' | 'may' | 'no';
  readonly words: string;
};

export type DropAdvice = {
  /** Code of `core/drop-reasons.ts`. */
  readonly code: string;
  /** Plain words, two or three sentences. */
  readonly means: string;
  readonly policy: PolicyPart;
  /** The most likely first. */
  readonly causes: readonly string[];
  /** What to look at, in this order. */
  readonly next: readonly string[];
  readonly commands: readonly CommandId[];
  readonly checks: readonly DropCheckId[];
  /** What it means where Microsoft Retina tells it: its reasons are those of the kernel, under Cilium's names. */
  readonly retina?: { readonly words: string; readonly commands: readonly CommandId[] };
};

export const decides = (words: string): PolicyPart => ({ part: 'decides', words: `Yes. ${words}` });

export const may = (words: string): PolicyPart => ({ part: 'may', words: `Perhaps. ${words}` });

export const NO_POLICY: PolicyPart = {
  part: 'no',
  words: 'No. No network policy decided this, and no change of one lets it through.',
};

/** Deprecated numbers are still met in old captures and beside old agents. */
export const RETIRED = 'Current versions of Cilium no longer write this reason.';
