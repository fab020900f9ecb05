import type { VerdictKind } from '../../../server/core/verdict.ts';

export type ChartColours = Readonly<
  Record<VerdictKind | 'loss' | 'muted' | 'line' | 'background' | 'font', string>
>;

const TOKENS = {
  allowed: '--verdict-allowed',
  dropped: '--verdict-dropped',
  audit: '--verdict-audit',
  error: '--verdict-error',
  unknown: '--verdict-unknown',
  loss: '--loss',
  muted: '--muted',
  line: '--line',
  background: '--background',
} as const satisfies Readonly<Record<Exclude<keyof ChartColours, 'font'>, string>>;

/** The tokens as colours a canvas understands: `light-dark()` resolved for the theme that is on. */
export function readColours(near: HTMLElement): ChartColours {
  const probe = document.createElement('span');
  (near.parentElement ?? document.body).append(probe);
  const read = (token: string): string => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    allowed: read(TOKENS.allowed),
    dropped: read(TOKENS.dropped),
    audit: read(TOKENS.audit),
    error: read(TOKENS.error),
    unknown: read(TOKENS.unknown),
    loss: read(TOKENS.loss),
    muted: read(TOKENS.muted),
    line: read(TOKENS.line),
    background: read(TOKENS.background),
    font: getComputedStyle(document.body).fontFamily,
  };
  probe.remove();
  return colours;
}

/** Diagonal hatching: what a gap looks like on every chart. */
export function gapPattern(canvas: HTMLCanvasElement, colour: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = 6;
  tile.height = 6;
  const pen = tile.getContext('2d');
  if (pen === null) return colour;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.2;
  pen.beginPath();
  pen.moveTo(-1, 7);
  pen.lineTo(7, -1);
  pen.stroke();
  return canvas.getContext('2d')?.createPattern(tile, 'repeat') ?? colour;
}
