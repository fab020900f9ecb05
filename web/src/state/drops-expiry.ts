/** How long an acknowledgement may last; the first is offered first. */
export const EXPIRIES = [
  { id: '1h', label: '1 hour', ms: 3_600_000 },
  { id: '1d', label: '1 day', ms: 86_400_000 },
  { id: '7d', label: '7 days', ms: 604_800_000 },
  { id: 'never', label: 'no end', ms: undefined },
] as const;
export type ExpiryId = (typeof EXPIRIES)[number]['id'];

/** End of an acknowledgement that is made now, by the server's clock; null: it has none. */
export function untilOf(id: ExpiryId, nowMs: number): string | null {
  const ms = EXPIRIES.find((expiry) => expiry.id === id)?.ms;
  return ms === undefined ? null : new Date(nowMs + ms).toISOString();
}
