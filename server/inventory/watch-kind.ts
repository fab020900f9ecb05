import { kindName, type InventorySink, type SeenObject } from '../core/inventory.ts';
import { isRecord, manifestsIn, type Manifest } from '../core/manifest.ts';
import { nanos } from '../core/time.ts';
import { createBackoff } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { wait } from '../lib/wait.ts';
import type { KubeAccess } from './kube-access.ts';
import { failureOfEvent, failureText, kubeFailure, type KubeFailure } from './kube-failure.ts';
import type { KindRow } from './kinds.ts';
import { keyOf, seenObject } from './seen-object.ts';

/** What the watch of one kind says of itself. */
export type KindNews =
  | { readonly state: 'connecting' | 'reading' }
  /** The cluster lacks the kind, or keeps it from us; looked for again now and then. */
  | { readonly state: 'skipped'; readonly reason: string }
  | { readonly state: 'retrying'; readonly reason: string; readonly retryInMs: number };

export type WatchKindOptions = {
  readonly row: KindRow;
  readonly access: KubeAccess;
  readonly cluster: string;
  readonly sink: InventorySink;
  readonly clock: Clock;
  readonly recheckMs: number;
  readonly firstRetryMs: number;
  news(news: KindNews): void;
  invalid(where: string, reason: string): void;
};

/** As kubectl asks: a list of five thousand pods is ten answers, and none of them is large. */
const PAGE = 500;
const MAX_RETRY_MS = 30_000;
/** The server ends a watch after this. Within it a bookmark comes each minute, so one that is silent longer is dead. */
const WATCH_SECONDS = 240;

type Listed = {
  readonly apiVersion: string;
  readonly objects: readonly SeenObject[];
  readonly resourceVersion: string;
};

/** Lists and watches one kind until the signal aborts. */
export async function watchKind(options: WatchKindOptions, signal: AbortSignal): Promise<void> {
  const { row, sink, news, clock, recheckMs, firstRetryMs } = options;
  const name = kindName(row);
  const backoff = createBackoff({ firstMs: firstRetryMs, maxMs: MAX_RETRY_MS });
  let missed = 0;
  for (;;) {
    try {
      const listed = await listServed(options, signal);
      sink.listed(name, listed.objects, nanos(clock.now()));
      news({ state: 'reading' });
      backoff.reset();
      missed = 0;
      await follow(options, listed, signal);
    } catch (error) {
      if (signal.aborted) return;
      const failure = kubeFailure(error);
      sink.lost(name);
      missed = failure.status === 404 ? missed + 1 : 0;
      // An API server that begins lacks kinds for a moment. One that still does has no objects of them.
      if (missed > 1) sink.listed(name, [], nanos(clock.now()));
      const reason = skipReason(row, failure);
      const retryInMs = backoff.next();
      news(
        reason === undefined
          ? { state: 'retrying', reason: failureText(failure), retryInMs }
          : { state: 'skipped', reason },
      );
      await wait(reason === undefined ? retryInMs : recheckMs, signal);
    }
  }
}

function skipReason({ apiVersions }: KindRow, failure: KubeFailure): string | undefined {
  if (failure.status === 404) return `the cluster does not have it (${apiVersions.join(', ')})`;
  return failure.status === 403 ? failureText(failure) : undefined;
}

/** By the first version that the cluster serves. */
async function listServed(options: WatchKindOptions, signal: AbortSignal): Promise<Listed> {
  let missing: KubeFailure | undefined;
  for (const apiVersion of options.row.apiVersions) {
    try {
      return await listAll(options, apiVersion, signal);
    } catch (error) {
      const failure = kubeFailure(error);
      if (failure.status !== 404) throw failure;
      missing = failure;
    }
  }
  throw missing ?? new Error('a kind has at least one version');
}

const pathOf = ({ plural }: KindRow, apiVersion: string): string =>
  `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}/${plural}`;

async function listAll(
  options: WatchKindOptions,
  apiVersion: string,
  signal: AbortSignal,
): Promise<Listed> {
  const objects: SeenObject[] = [];
  let next: string | undefined;
  for (;;) {
    const path = pathOf(options.row, apiVersion);
    const answer = await options.access.get(path, { limit: PAGE, continue: next }, signal);
    const metadata = isRecord(answer) && isRecord(answer['metadata']) ? answer['metadata'] : {};
    const items = isRecord(answer) && Array.isArray(answer['items']) ? answer['items'] : [];
    for (const item of items as unknown[]) {
      const object = objectOf(options, apiVersion, item);
      if (object !== undefined) objects.push(object);
    }
    next = textOf(metadata['continue']);
    // A server that is asked for the most recent list answers every page with one version.
    if (next === undefined)
      return { apiVersion, objects, resourceVersion: textOf(metadata['resourceVersion']) ?? '' };
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** The items of a list do not say what they are. */
const manifestOf = (row: KindRow, apiVersion: string, value: unknown): unknown =>
  isRecord(value) ? { apiVersion, kind: row.kind, ...value } : value;

function objectOf(
  { row, cluster, invalid }: WatchKindOptions,
  apiVersion: string,
  value: unknown,
): SeenObject | undefined {
  const [found] = manifestsIn(manifestOf(row, apiVersion, value));
  if (found === undefined) return undefined;
  if (!found.ok) {
    invalid(row.plural, `${found.fault.path.join('.')} ${found.fault.message}`);
    return undefined;
  }
  const sighting = seenObject(found.manifest, cluster);
  if (sighting.kind === 'seen') return sighting.object;
  const { namespace, name } = found.manifest.metadata;
  if (sighting.kind === 'invalid')
    invalid(`${row.plural} ${namespace ?? ''}/${name}`, sighting.reason);
  return undefined;
}

/** How far a watch has come, through all its streams. */
type Progress = {
  resourceVersion: string;
  /** Whether what the server told since the list is everything. */
  isWhole: boolean;
};

/** Watches on from a list, through streams that end; returns when the list has to be made anew. */
async function follow(
  options: WatchKindOptions,
  { apiVersion, resourceVersion }: Listed,
  signal: AbortSignal,
): Promise<void> {
  const { row, sink, news, firstRetryMs } = options;
  const backoff = createBackoff({ firstMs: firstRetryMs, maxMs: MAX_RETRY_MS });
  const progress: Progress = { resourceVersion, isWhole: true };
  for (;;) {
    const before = progress.resourceVersion;
    const failure = await readStream(options, apiVersion, progress, signal);
    if (signal.aborted) return;
    const hasMoved = progress.resourceVersion !== before;
    if (hasMoved) backoff.reset();
    if (failure !== undefined) {
      progress.isWhole = false;
      sink.lost(kindName(row));
      // What happened since that version is forgotten; only a list says what is there.
      if (failure.status === 410) return;
      if (failure.status !== undefined) throw failure;
    }
    // A server that ends each stream at once is not asked over and over.
    const retryInMs = failure === undefined && hasMoved ? 0 : backoff.next();
    if (failure !== undefined) news({ state: 'retrying', reason: failureText(failure), retryInMs });
    await wait(retryInMs, signal);
  }
}

/** Answers with what ended the stream; `undefined` where the server did, as it does every few minutes. */
async function readStream(
  options: WatchKindOptions,
  apiVersion: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<KubeFailure | undefined> {
  const { row, access, sink, news } = options;
  const query = {
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: WATCH_SECONDS,
    resourceVersion: progress.resourceVersion,
  };
  try {
    const events = await access.stream(pathOf(row, apiVersion), query, signal);
    news({ state: 'reading' });
    for await (const event of events) {
      progress.resourceVersion = takeEvent(options, apiVersion, event) ?? progress.resourceVersion;
      if (progress.isWhole) continue;
      // The first event after a pause shows that the server still knew where we were.
      progress.isWhole = true;
      sink.heard(kindName(row));
    }
    return undefined;
  } catch (error) {
    return kubeFailure(error);
  }
}

/** Answers with the version up to which everything was told. */
function takeEvent(
  options: WatchKindOptions,
  apiVersion: string,
  event: unknown,
): string | undefined {
  if (!isRecord(event)) return undefined;
  const { type, object } = event;
  if (type === 'ERROR') throw failureOfEvent(object);
  const { row, sink, clock, cluster } = options;
  const at = nanos(clock.now());
  if (type === 'DELETED') {
    const [found] = manifestsIn(manifestOf(row, apiVersion, object));
    if (found?.ok === true) sink.gone(keyOf(row, found.manifest, cluster), at);
  } else if (type === 'ADDED' || type === 'MODIFIED') {
    const seen = objectOf(options, apiVersion, object);
    if (seen !== undefined) sink.changed(seen, at);
  }
  return versionOf(object);
}

function versionOf(object: unknown): string | undefined {
  const metadata = isRecord(object) ? object['metadata'] : undefined;
  return isRecord(metadata)
    ? textOf((metadata as Manifest['metadata'])['resourceVersion'])
    : undefined;
}
