/**
 * What the dataplane did, in one vocabulary for every source. The source's own word stays beside it
 * (`Flow.wireVerdict`), because several of them fold into one here: Hubble's FORWARDED and REDIRECTED
 * are both `allowed`.
 */
export type Verdict =
  | { readonly kind: 'allowed' }
  /** `reason` is a code of the drop-reason table, or the raw text or number of a reason that it does not know. */
  | { readonly kind: 'dropped'; readonly reason: string }
  /** Let through, where enforcement would have dropped it. */
  | { readonly kind: 'audit' }
  /** The L7 proxy failed; nothing was decided. */
  | { readonly kind: 'error' }
  /** No verdict, or one newer than this program; `wire` is the source's word or number. Never taken for allowed. */
  | { readonly kind: 'unknown'; readonly wire: string };

export type VerdictKind = Verdict['kind'];

export const VERDICT_KINDS = ['allowed', 'dropped', 'audit', 'error', 'unknown'] as const;

/** The word that screens and exports show. */
export const VERDICT_WORD: Readonly<Record<VerdictKind, string>> = {
  allowed: 'allowed',
  dropped: 'dropped',
  audit: 'audited',
  error: 'error',
  unknown: 'unknown',
};

export const ALLOWED: Verdict = { kind: 'allowed' };
export const AUDIT: Verdict = { kind: 'audit' };
export const PROXY_ERROR: Verdict = { kind: 'error' };

/** Hubble's words, by their number on the wire (`flow.Verdict`, Cilium 1.19). */
export const HUBBLE_VERDICTS = [
  'VERDICT_UNKNOWN',
  'FORWARDED',
  'DROPPED',
  'ERROR',
  'AUDIT',
  'REDIRECTED',
  'TRACED',
  'TRANSLATED',
] as const;
