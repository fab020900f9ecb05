import type { LiveFrame, LiveRequest } from '../../../server/http/live-contract.ts';

export type LiveSocket = {
  send(request: LiveRequest): void;
  close(): void;
};

export type LiveSocketOptions = {
  readonly url: string;
  readonly onframe: (frame: LiveFrame, bytes: number) => void;
  /** Called once, for whatever reason it ended; never after `close`. */
  readonly onend: () => void;
};

export type OpenLiveSocket = (options: LiveSocketOptions) => LiveSocket;

/** A server that says nothing for so long is gone: it ticks every second. */
const SILENCE_MS = 10_000;

/** Opens the live stream. Frames are JSON texts of the contract. */
export function openLiveSocket({ url, onframe, onend }: LiveSocketOptions): LiveSocket {
  const socket = new WebSocket(url);
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    clearInterval(watch);
    onend();
  };
  let heardAt = Date.now();
  const watch = setInterval(() => {
    if (Date.now() - heardAt > SILENCE_MS) {
      socket.close();
      end();
    }
  }, 1_000);
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    heardAt = Date.now();
    if (ended || typeof data !== 'string') return;
    onframe(JSON.parse(data) as LiveFrame, data.length);
  });
  socket.addEventListener('close', end);
  socket.addEventListener('error', end);
  return {
    send(request) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
    },
    close() {
      ended = true;
      clearInterval(watch);
      socket.close();
    },
  };
}

/** Address of the stream on the page's own origin. */
export function liveUrl(location: Location, q: string): string {
  const url = new URL('/api/v1/live', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  if (q !== '') url.searchParams.set('q', q);
  return url.href;
}
