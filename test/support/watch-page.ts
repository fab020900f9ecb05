/** Runs inside a page, before anything of its own: notes when frames are drawn, inputs answered and things told. */

type PageNode = { readonly nodeName: string; readonly textContent: string | null };
type Mutation = { readonly addedNodes: Iterable<PageNode> };
type PageEvent = { readonly timeStamp: number };

/** The few parts of a browser that are used here: the rest of this tree knows no page. */
declare const requestAnimationFrame: (run: () => void) => void;
declare const addEventListener: (
  type: string,
  listener: (event: PageEvent) => void,
  options: { readonly capture: true; readonly passive: true },
) => void;
declare const document: unknown;
declare const MutationObserver: new (listener: (mutations: readonly Mutation[]) => void) => {
  observe(node: unknown, options: { readonly childList: true; readonly subtree: true }): void;
};
declare const PerformanceObserver: new (
  listener: (list: { getEntries(): readonly { readonly duration: number }[] }) => void,
) => { observe(options: { readonly type: 'long-animation-frame' }): void };

export type InputKind = 'click' | 'key' | 'wheel';

/** Times of day in milliseconds since 1970; durations in milliseconds. */
export type Watched = {
  /** Nothing is noted while false. */
  on: boolean;
  /** Between one animation frame and the next. */
  frames: number[];
  /** How long the browser says that work for one frame took, where that was over 50 ms. */
  longFrames: number[];
  /** From an input to the frame drawn after it was handled. */
  inputs: { readonly kind: InputKind; readonly tookMs: number }[];
  /** When a group of drops to this port was first drawn; 0: it is there and not drawn yet. */
  drawnAt: Record<string, number>;
  frameTexts: { readonly at: number; readonly text: string }[];
};

/** Where the page keeps it. */
export type WatchedGlobal = { watched: Watched };

/** For `page.addInitScript`: it is given to the page as text, so it uses nothing from outside. */
export function watchPage(): void {
  const watched: Watched = {
    on: false,
    frames: [],
    longFrames: [],
    inputs: [],
    drawnAt: {},
    frameTexts: [],
  };
  (globalThis as unknown as WatchedGlobal).watched = watched;

  const afterPaint = (run: () => void): void =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.addEventListener('message', () => {
        port1.close();
        run();
      });
      port1.start();
      port2.postMessage(undefined);
    });

  let last = performance.now();
  const frame = (): void => {
    const now = performance.now();
    if (watched.on) watched.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    if (watched.on) watched.longFrames.push(...list.getEntries().map(({ duration }) => duration));
  }).observe({ type: 'long-animation-frame' });

  const inputs = { click: 'click', keydown: 'key', wheel: 'wheel' } as const;
  for (const [type, kind] of Object.entries(inputs)) {
    const note = ({ timeStamp }: PageEvent): void => {
      if (!watched.on) return;
      afterPaint(() => watched.inputs.push({ kind, tookMs: performance.now() - timeStamp }));
    };
    addEventListener(type, note, { capture: true, passive: true });
  }

  new MutationObserver((mutations) => {
    for (const { addedNodes } of mutations) {
      for (const { nodeName, textContent } of addedNodes) {
        // Groups are items of a list, the rows of flows are not.
        if (nodeName !== 'LI') continue;
        const port = /:(\d+)\/TCP/.exec(textContent ?? '')?.[1];
        if (port === undefined || port in watched.drawnAt) continue;
        watched.drawnAt[port] = 0;
        afterPaint(() => (watched.drawnAt[port] = Date.now()));
      }
    }
  }).observe(document, { childList: true, subtree: true });

  const Native = WebSocket;
  globalThis.WebSocket = class extends Native {
    constructor(url: string | URL) {
      super(url);
      this.addEventListener('message', ({ data }) => {
        // Read when all is over: parsing here would cost the page time that it does not spend by itself.
        if (watched.on) watched.frameTexts.push({ at: Date.now(), text: String(data) });
      });
    }
  };
}
