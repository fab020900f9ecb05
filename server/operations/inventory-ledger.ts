import {
  kindName,
  type Coverage,
  type InventoryNews,
  type InventorySink,
  type InventorySource,
  type InventoryStatus,
  type ObjectVersion,
} from '../core/inventory.ts';
import type { EpochNanos } from '../core/time.ts';
import type { ObjectChange } from '../store/control/objects-history.ts';
import { createHeldObjects, type HeldObjects, type StoredHash } from './inventory-held.ts';
import { createInventorySpans, type InventorySpans } from './inventory-spans.ts';

/** What one source says is there, and what of it is not written yet. */
export type InventoryLedger = {
  readonly source: InventorySource;
  readonly sink: InventorySink;
  versions(): Iterable<ObjectVersion>;
  status(): InventoryStatus;
  /** Spans that go on now, moved on to that time. */
  covered(now: EpochNanos): readonly Coverage[];
  /** Takes what is to be written: changes, and every span up to `now` or to where it ended. */
  take(now: EpochNanos): {
    readonly changes: readonly ObjectChange[];
    readonly spans: readonly Coverage[];
  };
  hasPending(): boolean;
  /** True where changes were lost: then what is stored has to be compared, by `differences`. */
  needsCompare(): boolean;
  markLost(): void;
  /** Changes that make what is stored equal to what is there; spans begin anew, as nobody wrote what came before. */
  differences(stored: readonly StoredHash[], now: EpochNanos): readonly ObjectChange[];
};

type LedgerOptions = {
  readonly source: InventorySource;
  /** What is stored as being there. */
  readonly known: readonly ObjectVersion[];
  /** Nothing that comes is older: history is not rewritten, by a clock that was set back or a demo that begins again. */
  readonly notBefore: EpochNanos | undefined;
  readonly now: () => EpochNanos;
};

export function createInventoryLedger(options: LedgerOptions): InventoryLedger {
  const { source, known, now } = options;
  const held = createHeldObjects(source, known);
  const spans = createInventorySpans(source, now);
  const board = createBoard(now);
  return {
    source,
    sink: createSink(options, held, spans, board),
    versions: () => held.versions(),
    status: () => statusOf(source, held, board),
    covered: (at) => spans.live(at),
    take: (at) => ({ changes: held.take(), spans: spans.take(at) }),
    hasPending: () => held.hasPending(),
    needsCompare: () => held.isLost(),
    markLost() {
      held.markLost();
      spans.forgetEnded();
    },
    differences(stored, at) {
      spans.restart(at);
      return held.differences(stored, at);
    },
  };
}

/** What a source says of itself, and when it was heard last. */
type Board = {
  readonly current: () => Pick<InventoryStatus, keyof InventoryNews | 'stateSince' | 'lastEventAt'>;
  heardAt(at: EpochNanos): void;
  tell(change: Partial<InventoryNews>): void;
};

function createBoard(now: () => EpochNanos): Board {
  let news: InventoryNews = {
    ...{ state: 'connecting', detail: '', retryAt: undefined },
    ...{ skipped: [], invalid: [], ignored: 0 },
  };
  let stateSince = now();
  let lastEventAt: EpochNanos | undefined;
  return {
    current: () => ({ ...news, stateSince, lastEventAt }),
    heardAt(at) {
      lastEventAt = at;
    },
    tell(change) {
      if (change.state !== undefined && change.state !== news.state) stateSince = now();
      news = { ...news, ...change };
    },
  };
}

function createSink(
  { notBefore }: LedgerOptions,
  held: HeldObjects,
  spans: InventorySpans,
  board: Board,
): InventorySink {
  const timeOf = (at: EpochNanos): EpochNanos =>
    notBefore !== undefined && at < notBefore ? notBefore : at;
  return {
    listed(kind, objects, seenAt) {
      const at = timeOf(seenAt);
      held.keepOnly(kind, objects, at);
      for (const object of objects) held.put(object, at);
      board.heardAt(at);
      spans.told(kind, at);
    },
    absent(kind, at) {
      held.keepOnly(kind, [], timeOf(at));
      spans.lose(kind);
    },
    changed(object, at) {
      held.put(object, timeOf(at));
      board.heardAt(timeOf(at));
    },
    gone(key, at) {
      held.drop(key, timeOf(at));
      board.heardAt(timeOf(at));
    },
    lost: (kind) => spans.lose(kind),
    heard: (kind) => spans.resume(kind),
    news: (change) => board.tell(change),
  };
}

function statusOf(
  { name, kind, cluster, target }: InventorySource,
  held: HeldObjects,
  board: Board,
): InventoryStatus {
  const counts = Map.groupBy(held.versions(), ({ key }) => kindName(key));
  return {
    ...{ name, kind, cluster, target },
    ...board.current(),
    objects: [...counts]
      .map(([each, objects]) => ({ kind: each, count: objects.length }))
      .sort((one, other) => one.kind.localeCompare(other.kind, 'en')),
  };
}
