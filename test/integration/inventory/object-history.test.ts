import { describe, expect, test } from 'vitest';
import { keyText, type ObjectKey } from '../../../server/core/inventory.ts';
import { NANOS_PER_SECOND, nanos, type EpochNanos } from '../../../server/core/time.ts';
import { createRandom } from '../../../server/demo/random.ts';
import { createLogger } from '../../../server/lib/log.ts';
import type {
  ObjectChange,
  ObjectHistory,
  StoredVersion,
} from '../../../server/store/control/objects-history.ts';
import { openControl } from '../../../server/store/control/open-control.ts';
import { networkPolicy, pod, seen } from '../../support/objects.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const log = createLogger('silent');
const DAY_START = 1_770_000_000n * NANOS_PER_SECOND;
const at = (seconds: number): EpochNanos => nanos(DAY_START + BigInt(Math.round(seconds * 1e9)));
const KEEP_ALL = { before: nanos(0n), churningBefore: nanos(0n), maxChurning: 1_000_000 };

/** 500 changes of forty objects through a day; a few come at one and the same time. */
function scriptedDay(seed: number): readonly ObjectChange[] {
  const random = createRandom(seed);
  const times = Array.from({ length: 500 }, () => random.below(86_400_000) / 1000).sort(
    (one, other) => one - other,
  );
  return times.map((time): ObjectChange => {
    const number = random.below(40);
    const manifest =
      number < 20
        ? networkPolicy(`policy-${number}`, { ingress: [{ ports: [{ port: random.below(4) }] }] })
        : pod(`pod-${number}`, `10.0.0.${random.below(8)}`);
    const object = seen(manifest, 'east');
    return random.below(4) === 0
      ? { kind: 'gone', key: object.key, at: at(time) }
      : { kind: 'present', object, at: at(time), how: 'watched' };
  });
}

/** The rule in its plainest form: what the changes up to a time leave. */
function replay(changes: readonly ObjectChange[], until: EpochNanos): readonly string[] {
  const left = new Map<string, string>();
  for (const change of changes) {
    if (change.at > until) break;
    if (change.kind === 'gone') left.delete(keyText(change.key));
    else left.set(keyText(change.object.key), change.object.hash);
  }
  return [...left].map(([key, hash]) => `${key} ${hash}`).sort();
}

const linesOf = (versions: readonly StoredVersion[]): readonly string[] =>
  versions.map(({ key, hash }) => `${keyText(key)} ${hash}`).sort();

describe('the history of objects', () => {
  test('the set as of T equals a replay of 500 changes up to T, for 200 random T, also when opened again', async () => {
    await using directory = await temporaryDirectory();
    const changes = scriptedDay(5);
    const random = createRandom(11);
    const times = [
      ...Array.from({ length: 200 }, () => at(random.below(90_000_000) / 1000 - 1800)),
      // The very moments at which something changes, and those before and after.
      ...changes.slice(0, 60).flatMap((change) => [-1n, 0n, 1n].map((by) => nanos(change.at + by))),
    ];
    const check = (objects: ObjectHistory): void => {
      for (const time of times) expect(linesOf(objects.at(time))).toEqual(replay(changes, time));
    };
    {
      using control = openControl({ directory: directory.path, log });
      // In commits of several sizes, as a busy cluster and a quiet one make them.
      for (let from = 0; from < changes.length;) {
        const size = 1 + random.below(40);
        control.objects.record('east', changes.slice(from, from + size));
        from += size;
      }
      check(control.objects);
    }
    using control = openControl({ directory: directory.path, log });
    check(control.objects);
    // Nothing is past retention, and nothing is lost by looking for it.
    expect(control.objects.prune(KEEP_ALL)).toBe(0);
    check(control.objects);
    expect(linesOf(control.objects.open('east'))).toEqual(replay(changes, at(1e6)));
  });

  test('what is seen again unchanged makes no version, and equal contents are kept once', async () => {
    await using directory = await temporaryDirectory();
    using control = openControl({ directory: directory.path, log });
    const object = seen(networkPolicy('a'));
    const present = (seconds: number): ObjectChange => ({
      ...{ kind: 'present', object, at: at(seconds), how: 'read' },
    });
    control.objects.record('files', [present(0), present(10), present(20)]);
    control.objects.record('files', [{ kind: 'gone', key: object.key, at: at(30) }, present(40)]);
    expect(
      control.objects.of(object.key).map(({ from, until, how }) => ({ from, until, how })),
    ).toEqual([
      { from: at(40), until: undefined, how: 'read' },
      { from: at(0), until: at(30), how: 'read' },
    ]);
  });

  test('a clock that was set back makes no version that ends before it begins', async () => {
    await using directory = await temporaryDirectory();
    using control = openControl({ directory: directory.path, log });
    const version = (port: number, seconds: number): ObjectChange => ({
      kind: 'present',
      object: seen(networkPolicy('a', { port })),
      at: at(seconds),
      how: 'watched',
    });
    control.objects.record('east', [version(1, 100), version(2, 50), version(3, 200)]);
    const { key } = seen(networkPolicy('a'));
    expect(control.objects.of(key).map(({ from, until }) => ({ from, until }))).toEqual([
      { from: at(200), until: undefined },
      { from: at(100), until: at(200) },
    ]);
  });

  test('retention removes the oldest closed versions and never says that their time was covered', async () => {
    await using directory = await temporaryDirectory();
    using control = openControl({ directory: directory.path, log });
    const { objects } = control;
    const policy = (port: number, seconds: number): ObjectChange => ({
      ...{ kind: 'present', object: seen(networkPolicy('p', { port })), at: at(seconds) },
      how: 'watched',
    });
    const pods = Array.from({ length: 3_000 }, (_, index): readonly ObjectChange[] => {
      const object = seen(pod(`pod-${index}`, `10.0.${index >> 8}.${index & 255}`));
      return [
        { kind: 'present', object, at: at(index), how: 'watched' },
        { kind: 'gone', key: object.key, at: at(index + 10) },
      ];
    }).flat();
    objects.record('east', [policy(1, 0), ...pods, policy(2, 3_500)]);
    const span = { source: 'east', cluster: '', from: at(0), until: at(4_000) };
    objects.cover([
      { ...span, kind: 'Pod' },
      { ...span, kind: 'NetworkPolicy.networking.k8s.io' },
    ]);
    const limits = { before: at(0), churningBefore: at(1_000), maxChurning: 500 };
    let removed = 0;
    for (let some = objects.prune(limits); some > 0; some = objects.prune(limits)) removed += some;
    expect(removed).toBe(2_500);
    expect(objects.coverageAt(at(500)).map(({ kind }) => kind)).toEqual([
      'NetworkPolicy.networking.k8s.io',
    ]);
    expect(objects.coverageAt(at(3_900)).map(({ kind }) => kind)).toEqual([
      'NetworkPolicy.networking.k8s.io',
      'Pod',
    ]);
    const names = ({ key: { name } }: { readonly key: ObjectKey }): string => name;
    expect(objects.at(at(2_900)).map(names)).toContain('pod-2895');
    // Both versions of the policy outlive the pods, and the span goes on where it was cut.
    expect(objects.of(seen(networkPolicy('p')).key)).toHaveLength(2);
    objects.cover([{ ...span, until: at(5_000), kind: 'Pod' }]);
    expect(objects.coverageAt(at(4_500)).map(({ kind }) => kind)).toEqual(['Pod']);
    expect(objects.coverageAt(at(500)).map(({ kind }) => kind)).not.toContain('Pod');
  });

  test('what a source told that no longer runs ends when it was last heard', async () => {
    await using directory = await temporaryDirectory();
    using control = openControl({ directory: directory.path, log });
    const object = seen(networkPolicy('a'));
    control.objects.record('gone', [{ kind: 'present', object, at: at(0), how: 'watched' }]);
    const span = { source: 'gone', cluster: '', kind: 'NetworkPolicy.networking.k8s.io' };
    control.objects.cover([{ ...span, from: at(0), until: at(60) }]);
    control.objects.retire(['gone']);
    expect(control.objects.open('gone')).toHaveLength(1);
    control.objects.retire(['another']);
    expect(control.objects.of(object.key).map(({ until }) => until)).toEqual([at(60)]);
  });
});
