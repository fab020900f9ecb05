import {
  keyText,
  kindName,
  type Coverage,
  type InventoryNews,
  type InventorySink,
  type InventorySource,
  type InventoryStatus,
  type ObjectKey,
  type ObjectVersion,
  type SeenObject,
} from '../core/inventory.ts';
import type { EpochNanos } from '../core/time.ts';
import type { ObjectChange } from '../store/control/objects-history.ts';

/** More than a relist of a large cluster changes; what comes on top while the disk hangs is found by comparing. */
const MAX_PENDING = 50_000;

type Span = { readonly from: EpochNanos; until: EpochNanos; isLive: boolean };

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
  differences(
    stored: readonly { readonly key: ObjectKey; readonly hash: string }[],
    now: EpochNanos,
  ): readonly ObjectChange[];
};

type LedgerOptions = {
  readonly source: InventorySource;
  /** What is stored as being there. */
  readonly known: readonly ObjectVersion[];
  /** Nothing that comes is older: history is not rewritten, by a clock that was set back or a demo that begins again. */
  readonly notBefore: EpochNanos | undefined;
  readonly now: () => EpochNanos;
};

export function createInventoryLedger({
  source,
  known,
  notBefore,
  now,
}: LedgerOptions): InventoryLedger {
  const { name, cluster, how } = source;
  const current = new Map(known.map((version) => [keyText(version.key), version]));
  const spans = new Map<string, Span>();
  let ended: Coverage[] = [];
  let pending: ObjectChange[] = [];
  let isLost = false;
  let news: InventoryNews = {
    ...{ state: 'connecting', detail: '', retryAt: undefined },
    ...{ skipped: [], invalid: [], ignored: 0 },
  };
  let stateSince = now();
  let lastEventAt: EpochNanos | undefined;

  const timeOf = (at: EpochNanos): EpochNanos =>
    notBefore !== undefined && at < notBefore ? notBefore : at;
  const push = (change: ObjectChange): void => {
    if (pending.length < MAX_PENDING) pending.push(change);
    else isLost = true;
  };
  const put = (object: SeenObject, at: EpochNanos): void => {
    const key = keyText(object.key);
    if (current.get(key)?.hash === object.hash) return;
    current.set(key, { ...object, source: name, from: at, until: undefined, how });
    push({ kind: 'present', object, at, how });
  };
  const drop = (key: ObjectKey, at: EpochNanos): void => {
    if (current.delete(keyText(key))) push({ kind: 'gone', key, at });
  };
  const coverageOf = (kind: string, { from, until }: Span): Coverage => ({
    ...{ source: name, cluster, kind, from, until },
  });

  const lose = (kind: string): void => {
    const span = spans.get(kind);
    if (span?.isLive !== true) return;
    span.isLive = false;
    span.until = now();
  };

  const sink: InventorySink = {
    listed(kind, objects, seenAt) {
      const at = timeOf(seenAt);
      const listed = new Set(objects.map(({ key }) => keyText(key)));
      for (const [text, { key }] of current)
        if (kindName(key) === kind && !listed.has(text)) drop(key, at);
      for (const object of objects) put(object, at);
      lastEventAt = at;
      if (spans.get(kind)?.isLive !== true) {
        const span = spans.get(kind);
        if (span !== undefined) ended.push(coverageOf(kind, span));
        spans.set(kind, { from: at, until: at, isLive: true });
      }
    },
    absent(kind, at) {
      for (const { key } of [...current.values()])
        if (kindName(key) === kind) drop(key, timeOf(at));
      lose(kind);
    },
    changed(object, at) {
      put(object, timeOf(at));
      lastEventAt = timeOf(at);
    },
    gone(key, at) {
      drop(key, timeOf(at));
      lastEventAt = timeOf(at);
    },
    lost: lose,
    heard(kind) {
      const span = spans.get(kind);
      if (span !== undefined) span.isLive = true;
    },
    news(change) {
      if (change.state !== undefined && change.state !== news.state) stateSince = now();
      news = { ...news, ...change };
    },
  };

  return {
    source,
    sink,
    versions: () => current.values(),
    status() {
      const counts = Map.groupBy(current.values(), ({ key }) => kindName(key));
      return {
        ...{ name, kind: source.kind, cluster, target: source.target },
        ...news,
        ...{ stateSince, lastEventAt },
        objects: [...counts]
          .map(([kind, objects]) => ({ kind, count: objects.length }))
          .sort((one, other) => one.kind.localeCompare(other.kind, 'en')),
      };
    },
    covered: (at) =>
      [...spans].flatMap(([kind, span]) =>
        span.isLive ? [coverageOf(kind, { ...span, until: at })] : [],
      ),
    take(at) {
      for (const span of spans.values()) if (span.isLive && at > span.until) span.until = at;
      const taken = {
        changes: pending,
        spans: [...ended, ...[...spans].map(([kind, span]) => coverageOf(kind, span))],
      };
      pending = [];
      ended = [];
      return taken;
    },
    hasPending: () => pending.length > 0 || isLost,
    needsCompare: () => isLost,
    markLost() {
      isLost = true;
      pending = [];
      ended = [];
    },
    differences(stored, at) {
      isLost = false;
      pending = [];
      for (const [kind, { isLive }] of spans) {
        if (isLive) spans.set(kind, { from: at, until: at, isLive });
        else spans.delete(kind);
      }
      const held = new Map(stored.map(({ key, hash }) => [keyText(key), { key, hash }]));
      return [
        ...[...held].flatMap(([text, { key }]) =>
          current.has(text) ? [] : [{ kind: 'gone' as const, key, at }],
        ),
        ...[...current].flatMap(([text, object]) =>
          held.get(text)?.hash === object.hash
            ? []
            : [{ kind: 'present' as const, object, at, how }],
        ),
      ];
    },
  };
}
