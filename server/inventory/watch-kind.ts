import { kindName, type InventorySink } from '../core/inventory.ts';
import { isRecord, manifestsIn, type Manifest } from '../core/manifest.ts';
import { nanos } from '../core/time.ts';
import { createBackoff } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { wait } from '../lib/wait.ts';
import { failureOfEvent, failureText, kubeFailure, type KubeFailure } from './kube-failure.ts';
import type { KindRow } from './kinds.ts';
import {
  listServed,
  manifestOf,
  objectOf,
  pathOf,
  textOf,
  type Listed,
  type ListKindOptions,
} from './list-kind.ts';
import { keyOf } from './seen-object.ts';

/** What the watch of one kind says of itself. */
export type KindNews =
  | { readonly state: 'connecting' | 'reading' }
  /** The cluster lacks the kind, or keeps it from us; looked for again now and then. */
  | { readonly state: 'skipped'; readonly reason: string }
  | { readonly state: 'retrying'; readonly reason: string; readonly retryInMs: number };

export type WatchKindOptions = ListKindOptions & {
  readonly sink: InventorySink;
  readonly clock: Clock;
  readonly recheckMs: number;
  readonly firstRetryMs: number;
  readonly steadyMs: number;
  news(news: KindNews): void;
};

const MAX_RETRY_MS = 30_000;
/** The server ends a watch after this; the client takes a stream that is silent for five minutes for dead. */
const WATCH_SECONDS = 240;

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
  const { row, sink, news, firstRetryMs, steadyMs } = options;
  const backoff = createBackoff({ firstMs: firstRetryMs, maxMs: MAX_RETRY_MS });
  const progress: Progress = { resourceVersion, isWhole: true };
  for (;;) {
    const before = progress.resourceVersion;
    const begun = performance.now();
    const failure = await readStream(options, apiVersion, progress, signal);
    if (signal.aborted) return;
    // Of a kind that nobody changes a server may tell nothing at all, no bookmark either: that it kept the stream open
    // says that it knew where we were.
    const isSteady = failure === undefined && performance.now() - begun >= steadyMs;
    const hasMoved = progress.resourceVersion !== before || isSteady;
    if (hasMoved) backoff.reset();
    if (isSteady) hear(options, progress);
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

function hear({ row, sink }: WatchKindOptions, progress: Progress): void {
  if (progress.isWhole) return;
  progress.isWhole = true;
  sink.heard(kindName(row));
}

/** Answers with what ended the stream; `undefined` where the server did, as it does every few minutes. */
async function readStream(
  options: WatchKindOptions,
  apiVersion: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<KubeFailure | undefined> {
  const { row, access, news } = options;
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
      // The first event after a pause shows that the server still knew where we were.
      hear(options, progress);
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
