import type { Coverage, InventorySource } from '../core/inventory.ts';
import type { EpochNanos } from '../core/time.ts';

type Span = { readonly from: EpochNanos; until: EpochNanos; isLive: boolean };

/** From when to when a source told all objects of each kind. */
export type InventorySpans = {
  /** All of a kind was told. A span that goes on is not broken by it. */
  told(kind: string, at: EpochNanos): void;
  lose(kind: string): void;
  /** A span that was lost goes on, since what was missed was told. */
  resume(kind: string): void;
  /** Spans that go on now, moved on to that time. */
  live(at: EpochNanos): readonly Coverage[];
  /** All spans up to that time or to where they ended; those that others followed are told once. */
  take(at: EpochNanos): readonly Coverage[];
  /** Forgets those that ended and are not taken. */
  forgetEnded(): void;
  /** Begins anew. */
  restart(at: EpochNanos): void;
};

export function createInventorySpans(
  { name, cluster }: Pick<InventorySource, 'name' | 'cluster'>,
  now: () => EpochNanos,
): InventorySpans {
  const spans = new Map<string, Span>();
  let ended: Coverage[] = [];
  const coverageOf = (kind: string, { from, until }: Span): Coverage => ({
    ...{ source: name, cluster, kind, from, until },
  });
  return {
    told(kind, at) {
      const span = spans.get(kind);
      if (span?.isLive === true) return;
      if (span !== undefined) ended.push(coverageOf(kind, span));
      spans.set(kind, { from: at, until: at, isLive: true });
    },
    lose(kind) {
      const span = spans.get(kind);
      if (span?.isLive !== true) return;
      span.isLive = false;
      span.until = now();
    },
    resume(kind) {
      const span = spans.get(kind);
      if (span !== undefined) span.isLive = true;
    },
    live: (at) =>
      [...spans].flatMap(([kind, span]) =>
        span.isLive ? [coverageOf(kind, { ...span, until: at })] : [],
      ),
    take(at) {
      for (const span of spans.values()) if (span.isLive && at > span.until) span.until = at;
      const taken = [...ended, ...[...spans].map(([kind, span]) => coverageOf(kind, span))];
      ended = [];
      return taken;
    },
    forgetEnded() {
      ended = [];
    },
    restart(at) {
      for (const [kind, { isLive }] of spans) {
        if (isLive) spans.set(kind, { from: at, until: at, isLive });
        else spans.delete(kind);
      }
    },
  };
}
