import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Manifest } from '../../server/core/manifest.ts';
import type { TestCertificate } from './tls.ts';

type Event = { readonly version: number; readonly path: string; readonly line: string };
type Watcher = { readonly path: string; readonly response: ServerResponse };

/** An API server that speaks list and watch as Kubernetes does, over TLS, with what goes wrong at will. */
export type KubeServer = AsyncDisposable & {
  readonly url: string;
  /** Serves a kind, such as `/api/v1/pods`; others are answered with 404. */
  serve(...paths: readonly string[]): void;
  unserve(path: string): void;
  put(path: string, object: Manifest): void;
  remove(path: string, object: Manifest): void;
  /** Sends all watches a bookmark. */
  bookmark(): void;
  /** Forgets the events so far, as etcd does: who resumes from one of them gets 410. */
  compact(how: 'status' | 'event'): void;
  /** Ends all watches; `mid-object` after half of an event that nobody gets otherwise than by resuming. */
  cut(how: 'clean' | 'mid-object'): void;
  /** While closed, connections are refused at once. */
  setOpen(open: boolean): void;
  /** Only this one is taken from now on; all watches end. */
  setToken(token: string): void;
  forbid(path: string): void;
  readonly watchers: () => readonly string[];
  /** Path and query of every request. */
  readonly requests: readonly URL[];
};

const keyOf = ({ metadata }: Manifest): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const EVENTS = { put: ['ADDED', 'MODIFIED'], remove: 'DELETED' } as const;

export async function openKubeServer(
  certificate: TestCertificate,
  { token: first = 'secret' }: { readonly token?: string } = {},
): Promise<KubeServer> {
  const objects = new Map<string, Map<string, Manifest>>();
  const forbidden = new Set<string>();
  const watchers = new Set<Watcher>();
  const requests: URL[] = [];
  let events: Event[] = [];
  let version = 100;
  let oldest = 0;
  let gone: 'status' | 'event' = 'status';
  let token = first;
  let isOpen = true;

  const fail = (response: ServerResponse, code: number, message: string): void => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code, message }));
  };
  const list = (response: ServerResponse, path: string, url: URL): void => {
    const all = [...(objects.get(path) ?? new Map<string, Manifest>()).values()];
    const from = Number(url.searchParams.get('continue') ?? 0);
    const to = from + Number(url.searchParams.get('limit') ?? all.length);
    // As a real list, whose items do not say what they are.
    const items = all
      .slice(from, to)
      .map((object) => ({ ...object, apiVersion: undefined, kind: undefined }));
    const metadata = {
      resourceVersion: String(version),
      ...(to < all.length ? { continue: String(to) } : {}),
    };
    response.end(JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata, items }));
  };
  const watch = (response: ServerResponse, path: string, url: URL): void => {
    const since = Number(url.searchParams.get('resourceVersion'));
    if (since < oldest && gone === 'status') {
      fail(response, 410, `too old resource version: ${since}`);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (since < oldest) {
      const object = { kind: 'Status', code: 410, message: `too old resource version: ${since}` };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    for (const event of events)
      if (event.version > since && event.path === path) response.write(event.line);
    const watcher = { path, response };
    watchers.add(watcher);
    response.on('close', () => watchers.delete(watcher));
  };
  const server = createServer(
    { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) },
    (request, response) => {
      const url = new URL(request.url ?? '', 'https://localhost');
      requests.push(url);
      const { pathname } = url;
      if (request.headers.authorization !== `Bearer ${token}`) fail(response, 401, 'Unauthorized');
      else if (forbidden.has(pathname))
        fail(
          response,
          403,
          `${pathname.split('/').at(-1) ?? ''} is forbidden: cannot list resource`,
        );
      else if (!objects.has(pathname)) fail(response, 404, '404 page not found');
      else if (url.searchParams.get('watch') === 'true') watch(response, pathname, url);
      else list(response, pathname, url);
    },
  );
  server.on('connection', (socket) => {
    if (!isOpen) socket.destroy();
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');

  const tell = (type: string, path: string, object: Manifest): void => {
    const line = `${JSON.stringify({ type, object })}\n`;
    events.push({ version, path, line });
    for (const watcher of watchers) if (watcher.path === path) watcher.response.write(line);
  };
  const stamped = (object: Manifest): Manifest => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: String(++version) },
  });
  const cut = (how: 'clean' | 'mid-object'): void => {
    for (const { response } of [...watchers]) {
      if (how === 'clean') response.end();
      else
        response.write('{"type":"ADDED","object":{"metadata":{"name":"half', () =>
          response.socket?.destroy(),
        );
    }
    watchers.clear();
  };
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    serve: (...paths) =>
      paths.forEach((path) => objects.set(path, objects.get(path) ?? new Map<string, Manifest>())),
    unserve: (path) => objects.delete(path),
    put(path, object) {
      const known = objects.get(path);
      if (known === undefined) throw new Error(`${path} is not served`);
      const type = EVENTS.put[known.has(keyOf(object)) ? 1 : 0];
      const stored = stamped(object);
      known.set(keyOf(object), stored);
      tell(type, path, stored);
    },
    remove(path, object) {
      objects.get(path)?.delete(keyOf(object));
      tell(EVENTS.remove, path, stamped(object));
    },
    bookmark() {
      const metadata = { resourceVersion: String(version) };
      const line = `${JSON.stringify({ type: 'BOOKMARK', object: { metadata } })}\n`;
      for (const { response } of watchers) response.write(line);
    },
    compact(how) {
      gone = how;
      oldest = ++version;
      events = [];
    },
    cut,
    setOpen(open) {
      isOpen = open;
      if (!open) server.closeAllConnections();
    },
    setToken(next) {
      token = next;
      cut('clean');
    },
    forbid: (path) => forbidden.add(path),
    watchers: () => [...watchers].map(({ path }) => path),
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
