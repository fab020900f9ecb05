import { once } from 'node:events';
import {
  Server,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { AppError, type ErrorCode } from '../core/errors.ts';
import { pipelinedMessages } from '../lib/pipelined-call.ts';
import { OBSERVER_SERVICE } from '../sources/hubble-proto.ts';
import { tellFlows, type FlowSink } from './get-flows.ts';
import { listen, type ObserverSettings } from './listen.ts';
import type { ObserverParts } from './parts.ts';
import { readRequest } from './request.ts';
import { namespaces, nodes, serverStatus } from './status.ts';

export type ObserverServer = AsyncDisposable & {
  /** `host:port`, with the port that was bound. */
  readonly address: string;
};

/** Calls of GetFlows at a time; each has at most one question to the store under way. */
const MAX_CALLS = 32;

type Unary = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => void;
type FlowCall = ServerWritableStream<Buffer, Buffer>;

const stream = (name: string) => ({
  ...OBSERVER_SERVICE.GetFlows,
  path: `/observer.Observer/${name}`,
});

const SERVICE = {
  ...OBSERVER_SERVICE,
  GetAgentEvents: stream('GetAgentEvents'),
  GetDebugEvents: stream('GetDebugEvents'),
};

/** `hubble status` asks this first. */
const HEALTH = {
  Check: { ...OBSERVER_SERVICE.ServerStatus, path: '/grpc.health.v1.Health/Check' },
};
/** A HealthCheckResponse that says SERVING. */
const SERVING = Buffer.of(0x08, 0x01);

/**
 * Serves Hubble's Observer API over the stored flows. Throws an AppError `bad-setting` when the address or the
 * certificates cannot be used.
 */
export async function openObserver(
  settings: ObserverSettings,
  parts: ObserverParts,
): Promise<ObserverServer> {
  const server = new Server({ interceptors: [pipelinedMessages] });
  const closing = new AbortController();
  const startedAt = parts.clock.now();
  const unary =
    (answer: () => Promise<Buffer>): Unary =>
    (_call, callback) => {
      answer().then(
        (message) => callback(null, message),
        (error: unknown) => callback(failureOf(error, parts)),
      );
    };
  server.addService(SERVICE, {
    GetFlows: flowCalls(parts, closing.signal),
    GetNodes: unary(() => nodes(parts)),
    GetNamespaces: unary(() => namespaces(parts)),
    ServerStatus: unary(() => serverStatus(parts, startedAt)),
    GetAgentEvents: refuseStream('agent events'),
    GetDebugEvents: refuseStream('debug events'),
  });
  server.addService(HEALTH, { Check: unary(() => Promise.resolve(SERVING)) });
  const address = await listen(server, settings);
  parts.log.info({ address, tls: settings.cert !== '' }, 'observer api is open');
  return {
    address,
    [Symbol.asyncDispose]() {
      closing.abort();
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

const refuseStream = (what: string) => (call: FlowCall) => {
  call.emit('error', {
    code: status.UNIMPLEMENTED,
    details: `Dropwise stores flows and no ${what}; ask an agent for them: kubectl -n kube-system exec ds/cilium -- hubble observe`,
  });
};

function flowCalls(parts: ObserverParts, closing: AbortSignal): (call: FlowCall) => void {
  let running = 0;
  const answer = async (call: FlowCall, sink: FlowSink): Promise<void> => {
    if (running >= MAX_CALLS) throw new AppError('busy', `${MAX_CALLS} calls of GetFlows are open`);
    running += 1;
    try {
      await tellFlows(readRequest(call.request), parts, sink);
    } finally {
      running -= 1;
    }
  };
  return (call) => {
    const gone = new AbortController();
    call.once('cancelled', () => gone.abort());
    call.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, closing]);
    answer(call, sinkOf(call, signal)).then(
      () => call.end(),
      (error: unknown) => {
        if (signal.aborted) call.end();
        else call.emit('error', failureOf(error, parts));
      },
    );
  };
}

const sinkOf = (call: FlowCall, signal: AbortSignal): FlowSink => ({
  signal,
  async send(message) {
    signal.throwIfAborted();
    // HTTP/2 flow control: a full buffer means that the client reads slower than we write.
    if (!call.write(message)) await once(call, 'drain', { signal });
  },
});

const CODES: Readonly<Partial<Record<ErrorCode, status>>> = {
  'bad-request': status.INVALID_ARGUMENT,
  busy: status.RESOURCE_EXHAUSTED,
  'query-timeout': status.DEADLINE_EXCEEDED,
  'store-failed': status.UNAVAILABLE,
  'store-damaged': status.UNAVAILABLE,
};

type Failure = { readonly code: status; readonly details: string };

function failureOf(error: unknown, { log }: ObserverParts): Failure {
  if (error instanceof AppError) {
    return { code: CODES[error.code] ?? status.INTERNAL, details: error.message };
  }
  log.error({ err: error }, 'observer call failed');
  return { code: status.INTERNAL, details: 'the call failed; the log of the server says why' };
}
