import type { Change } from '../../core/explanation.ts';
import { keyText, type ObjectKey, type ObjectVersion } from '../../core/inventory.ts';
import { formatTime, type EpochNanos } from '../../core/time.ts';
import type { Engine } from '../../policy/engine.ts';
import type { Dataplane } from '../../policy/facts.ts';
import type { Engines } from './engine-at.ts';
import { podIps } from './owners.ts';

/** An object that is not what it was. Absent `before`: it came; absent `after`: it went. */
export type ObjectChange = {
  readonly key: ObjectKey;
  readonly before: ObjectVersion | undefined;
  readonly after: ObjectVersion | undefined;
  readonly at: EpochNanos;
};

/** Changes that are told. */
const MAX_TOLD = 10;
/** Changes whose part is tried out: each costs an evaluation with another set. */
const MAX_TRIED = 64;

/** What differs between the objects of two moments. */
export function objectChanges(
  before: readonly ObjectVersion[],
  after: readonly ObjectVersion[],
  until: EpochNanos,
): readonly ObjectChange[] {
  const earlier = new Map(before.map((version) => [keyText(version.key), version]));
  const changes: ObjectChange[] = [];
  for (const version of after) {
    const old = earlier.get(keyText(version.key));
    earlier.delete(keyText(version.key));
    if (old?.hash !== version.hash)
      changes.push({ key: version.key, before: old, after: version, at: version.from });
  }
  for (const gone of earlier.values())
    changes.push({ key: gone.key, before: gone, after: undefined, at: gone.until ?? until });
  return changes;
}

/** What the ends of a connection are called, to tell which objects concern it. */
export type Concerned = {
  readonly namespaces: ReadonlySet<string>;
  /** `namespace/name`. */
  readonly pods: ReadonlySet<string>;
  readonly addresses: ReadonlySet<string>;
};

export type RankOptions = {
  readonly engines: Engines;
  readonly after: readonly ObjectVersion[];
  readonly dataplane: Dataplane;
  /** Whether a set of objects would deny the connection. */
  readonly denies: (engine: Engine) => boolean;
  readonly concerned: Concerned;
  readonly firstDropped: EpochNanos;
};

/**
 * The likeliest cause first. A change without which the same policies would not deny comes before all others, since
 * that is no mere coincidence: it is found by weighing again with that one object put back. Among equals the one
 * nearest to the first drop.
 */
export function rankChanges(
  changes: readonly ObjectChange[],
  { engines, after, dataplane, denies, concerned, firstDropped }: RankOptions,
): readonly Change[] {
  const nearness = ({ at }: ObjectChange): bigint =>
    at > firstDropped ? at - firstDropped : firstDropped - at;
  const relevant = changes
    .filter((change) => concerns(change, concerned))
    .toSorted((a, b) => Number(nearness(a) - nearness(b)));
  // What policies do not deny, none of these changes made them deny.
  const isDenied = denies(engines.of(after, dataplane));
  const tried = relevant.slice(0, MAX_TRIED).map((change) => ({
    change,
    decisive: isDenied && !denies(engines.of(putBack(after, change), dataplane)),
  }));
  const untried = relevant.slice(MAX_TRIED).map((change) => ({ change, decisive: false }));
  return [...tried, ...untried]
    .toSorted((a, b) => Number(b.decisive) - Number(a.decisive))
    .slice(0, MAX_TOLD)
    .map(({ change, decisive }) => told(change, decisive));
}

function putBack(
  objects: readonly ObjectVersion[],
  { key, before }: ObjectChange,
): readonly ObjectVersion[] {
  const others = objects.filter((version) => keyText(version.key) !== keyText(key));
  return before === undefined ? others : [...others, before];
}

const OBJECT_WORDS: Readonly<Record<string, Change['what']>> = {
  Pod: 'pod',
  Namespace: 'namespace',
  Node: 'node',
  Service: 'address',
  EndpointSlice: 'address',
  CiliumCIDRGroup: 'reference',
  NetworkSet: 'reference',
  GlobalNetworkSet: 'reference',
  Tier: 'reference',
};

const isPolicy = (kind: string): boolean => kind.endsWith('Policy');

function concerns(change: ObjectChange, { namespaces, pods, addresses }: Concerned): boolean {
  const { key } = change;
  const inNamespace = key.namespace === '' || namespaces.has(key.namespace);
  if (isPolicy(key.kind)) return inNamespace;
  switch (key.kind) {
    case 'Namespace':
      return namespaces.has(key.name);
    case 'Pod':
      return (
        pods.has(`${key.namespace}/${key.name}`) ||
        addressesOf(change).some((ip) => addresses.has(ip))
      );
    case 'Service':
    case 'EndpointSlice':
    case 'ServiceAccount':
      return inNamespace;
    default:
      return OBJECT_WORDS[key.kind] !== undefined;
  }
}

const addressesOf = ({ before, after }: ObjectChange): readonly string[] =>
  [before, after].flatMap((version) => (version === undefined ? [] : podIps(version)));

function told({ key, before, after, at }: ObjectChange, decisive: boolean): Change {
  const name = key.namespace === '' ? key.name : `${key.namespace}/${key.name}`;
  const what =
    before === undefined
      ? 'was created'
      : after === undefined
        ? 'was deleted'
        : changedWords(before, after);
  return {
    at: formatTime(at),
    what: isPolicy(key.kind) ? 'policy' : (OBJECT_WORDS[key.kind] ?? 'reference'),
    sentence: `${key.kind} ${name} ${what}`,
    object: {
      ...{ kind: key.kind, apiGroup: key.apiGroup },
      ...{ namespace: key.namespace, name: key.name },
    },
    decisive,
  };
}

/** `label app: cart → checkout` where labels changed; policies select by them. */
function changedWords(before: ObjectVersion, after: ObjectVersion): string {
  const [old, now] = [before.manifest.metadata.labels ?? {}, after.manifest.metadata.labels ?? {}];
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
    (key) => old[key] !== now[key],
  );
  const [first] = keys;
  if (first === undefined || isPolicy(after.key.kind)) return 'was changed';
  const more = keys.length > 1 ? ` and ${keys.length - 1} more labels` : '';
  return `changed label ${first}: ${old[first] ?? 'none'} → ${now[first] ?? 'none'}${more}`;
}
