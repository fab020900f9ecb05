import {
  keyText,
  kindName,
  type HowSeen,
  type InventorySource,
  type ObjectKey,
  type ObjectVersion,
  type SeenObject,
} from '../core/inventory.ts';
import type { EpochNanos } from '../core/time.ts';
import type { ObjectChange } from '../store/control/objects-history.ts';

/** More than a relist of a large cluster changes; what comes on top while the disk hangs is found by comparing. */
const MAX_PENDING = 50_000;

export type StoredHash = { readonly key: ObjectKey; readonly hash: string };

/** The objects that a source says are there, and which changes of them are not written yet. */
export type HeldObjects = {
  versions(): Iterable<ObjectVersion>;
  put(object: SeenObject, at: EpochNanos): void;
  drop(key: ObjectKey, at: EpochNanos): void;
  /** Drops what is of the kind and not among these. */
  keepOnly(kind: string, listed: readonly SeenObject[], at: EpochNanos): void;
  take(): readonly ObjectChange[];
  hasPending(): boolean;
  /** Changes were lost: what is stored has to be compared. */
  isLost(): boolean;
  markLost(): void;
  /** Changes that make what is stored equal to what is there; nothing is pending then. */
  differences(stored: readonly StoredHash[], at: EpochNanos): readonly ObjectChange[];
};

export function createHeldObjects(
  { name, how }: Pick<InventorySource, 'name' | 'how'>,
  known: readonly ObjectVersion[],
): HeldObjects {
  const current = new Map(known.map((version) => [keyText(version.key), version]));
  let pending: ObjectChange[] = [];
  let isLost = false;
  const push = (change: ObjectChange): void => {
    if (pending.length < MAX_PENDING) pending.push(change);
    else isLost = true;
  };
  const drop = (key: ObjectKey, at: EpochNanos): void => {
    if (current.delete(keyText(key))) push({ kind: 'gone', key, at });
  };
  return {
    versions: () => current.values(),
    put(object, at) {
      const key = keyText(object.key);
      if (current.get(key)?.hash === object.hash) return;
      current.set(key, { ...object, source: name, from: at, until: undefined, how });
      push({ kind: 'present', object, at, how });
    },
    drop,
    keepOnly(kind, listed, at) {
      const kept = new Set(listed.map(({ key }) => keyText(key)));
      for (const [text, { key }] of current)
        if (kindName(key) === kind && !kept.has(text)) drop(key, at);
    },
    take() {
      const taken = pending;
      pending = [];
      return taken;
    },
    hasPending: () => pending.length > 0 || isLost,
    isLost: () => isLost,
    markLost() {
      isLost = true;
      pending = [];
    },
    differences(stored, at) {
      isLost = false;
      pending = [];
      return differencesOf(current, stored, { at, how });
    },
  };
}

function differencesOf(
  current: ReadonlyMap<string, ObjectVersion>,
  stored: readonly StoredHash[],
  seen: { readonly at: EpochNanos; readonly how: HowSeen },
): readonly ObjectChange[] {
  const held = new Map(stored.map((each) => [keyText(each.key), each]));
  return [
    ...[...held].flatMap(([text, { key }]) =>
      current.has(text) ? [] : [{ kind: 'gone' as const, key, at: seen.at }],
    ),
    ...[...current].flatMap(([text, object]) =>
      held.get(text)?.hash === object.hash ? [] : [{ kind: 'present' as const, object, ...seen }],
    ),
  ];
}
