import type { BlockHeader, BlockSet } from './block-set.ts';
import type { Catalog, CatalogView } from './catalog.ts';

/** A span of sequence numbers, and the block that holds what is kept of it. Both ends belong to it. */
export type Piece = {
  readonly set: BlockSet;
  readonly header: BlockHeader;
  readonly low: number;
  readonly high: number;
};

/** Both ends belong to it. */
export type Span = { readonly low: number; readonly high: number };

/**
 * The blocks that together hold each kept flow of a span once, in order: everything where it is kept, and where
 * it was removed the drops that are kept longer. With `drops`, for questions that only denied flows answer, the
 * drops set alone, but where it is not complete.
 */
export function piecesOf(
  catalog: Catalog,
  { all, drops, dropsAfter }: CatalogView,
  span: Span,
  only: 'all' | 'drops',
): Piece[] {
  const kept = piecesIn(catalog.all, all, span);
  const dropped = piecesIn(catalog.drops, drops, span);
  if (only === 'drops') {
    const rest = kept
      .filter(({ low }) => low <= dropsAfter)
      .map((piece) => ({ ...piece, high: Math.min(piece.high, dropsAfter) }));
    const between = dropped.flatMap((piece) => outside(piece, rest));
    return [...rest, ...between].sort((a, b) => a.low - b.low);
  }
  if (dropped.length === 0) return kept;
  // Neighbors as one span: there are few holes, and most drops lie in none.
  const covered: Span[] = [];
  for (const { low, high } of kept) {
    const last = covered.at(-1);
    if (last?.high === low - 1) covered[covered.length - 1] = { low: last.low, high };
    else covered.push({ low, high });
  }
  const between = dropped.flatMap((piece) => outside(piece, covered));
  return between.length === 0 ? kept : [...kept, ...between].sort((a, b) => a.low - b.low);
}

export const piecesIn = (
  set: BlockSet,
  headers: readonly BlockHeader[],
  { low, high }: Span,
): Piece[] =>
  headers
    .filter(({ firstSeq, lastSeq }) => firstSeq <= high && lastSeq >= low)
    .map((header) => ({
      set,
      header,
      low: Math.max(low, header.firstSeq),
      high: Math.min(high, header.lastSeq),
    }));

/** What of a piece lies in none of the spans, which are in order. */
export function outside(piece: Piece, spans: readonly Span[]): Piece[] {
  const parts: Piece[] = [];
  let low = piece.low;
  for (const span of spans) {
    if (span.high < low) continue;
    if (span.low > piece.high) break;
    if (span.low > low) parts.push({ ...piece, low, high: span.low - 1 });
    low = span.high + 1;
  }
  if (low <= piece.high) parts.push({ ...piece, low });
  return parts;
}
