/** The later of two RFC 3339 times with equally many digits. */
function laterOf(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}

/** When a policy or rule was hit last, reported or evaluated; null: it was not. */
export const lastHitIn = ({
  lastHit,
  evaluated,
}: {
  readonly lastHit: string | null;
  readonly evaluated: { readonly lastHit: string | null };
}): string | null => laterOf(lastHit, evaluated.lastHit);
