import {
  BarController,
  BarElement,
  Chart,
  type ChartDataset,
  LinearScale,
  type Plugin,
  type Point,
} from 'chart.js';
import { VERDICT_KINDS, VERDICT_WORD, type VerdictKind } from '../../../server/core/verdict.ts';
import type { GapJson } from '../../../server/http/contract.ts';
import { formatCount } from '../words/numbers.ts';
import { formatAxis, type Zone } from '../words/time.ts';
import { gapPattern, readColours } from './colours.ts';

Chart.register(BarController, BarElement, LinearScale);

export type HistogramData = {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly stepMs: number;
  readonly series: Readonly<Record<VerdictKind, readonly number[]>>;
  readonly gaps: readonly GapJson[];
  /** Where the newest bucket is still being filled, its index. */
  readonly incomplete: number | undefined;
  /** Draws drops in a lane of their own, so that few of them are seen beside many allowed. */
  readonly dropAxis: boolean;
  readonly zone: Zone;
};

export type HistogramChart = {
  draw(data: HistogramData): void;
  /** Reads the colours again, after a change of theme. */
  recolour(): void;
  /** Time at a horizontal position inside the canvas. */
  timeAt(x: number): number;
  destroy(): void;
};

const SECONDS_AXIS_BELOW_MS = 10 * 60_000;

/** The Live histogram on a canvas. Nothing moves by itself; each `draw` is one paint. */
export function createHistogramChart(canvas: HTMLCanvasElement): HistogramChart {
  let data: HistogramData | undefined;
  let colours = readColours(canvas);
  let pattern = gapPattern(canvas, colours.loss);

  const gapBands: Plugin<'bar'> = {
    id: 'gap-bands',
    beforeDatasetsDraw({ ctx, chartArea, scales }) {
      const x = scales['x'];
      if (data === undefined || x === undefined) return;
      for (const gap of data.gaps) {
        const left = Math.max(chartArea.left, x.getPixelForValue(Date.parse(gap.from)));
        const right = Math.min(chartArea.right, x.getPixelForValue(Date.parse(gap.to)));
        if (right < chartArea.left || left > chartArea.right) continue;
        ctx.save();
        ctx.fillStyle = pattern;
        ctx.fillRect(left, chartArea.top, Math.max(2, right - left), chartArea.height);
        ctx.restore();
      }
    },
  };

  const chart = new Chart<'bar', Point[]>(canvas, {
    type: 'bar',
    data: { datasets: [] },
    plugins: [gapBands],
    options: {
      animation: false,
      parsing: false,
      normalized: true,
      responsive: true,
      maintainAspectRatio: false,
      events: [],
      layout: { padding: { top: 4, right: 2 } },
      scales: {},
    },
  });

  const render = (): void => {
    // While a screen is left its canvas may be out of the page already, and has no size.
    if (data === undefined || !canvas.isConnected) return;
    chart.data.datasets = datasets(data, colours);
    chart.options.scales = scales(data, colours);
    chart.update('none');
  };

  return {
    draw(next) {
      data = next;
      render();
    },
    recolour() {
      colours = readColours(canvas);
      pattern = gapPattern(canvas, colours.loss);
      render();
    },
    timeAt: (x) => chart.scales['x']?.getValueForPixel(x) ?? 0,
    destroy: () => chart.destroy(),
  };
}

type Colours = ReturnType<typeof readColours>;

/**
 * The newest bucket is still filling: outlined, so that it does not read as a fall. It has datasets of its own, since
 * a colour that is asked for bar by bar costs more than all the drawing.
 */
function datasets(data: HistogramData, colours: Colours): ChartDataset<'bar', Point[]>[] {
  const { incomplete = Infinity } = data;
  const kinds = VERDICT_KINDS.filter((kind) => data.series[kind].some((count) => count > 0));
  const bars = (kind: VerdictKind, isFull: boolean): ChartDataset<'bar', Point[]> => ({
    label: VERDICT_WORD[kind],
    data: data.series[kind]
      .map((y, i) => ({ x: data.from + (i + 0.5) * data.stepMs, y }))
      .filter((_, i) => (i !== incomplete) === isFull),
    yAxisID: kind === 'dropped' && data.dropAxis ? 'drops' : 'y',
    backgroundColor: isFull ? colours[kind] : colours.background,
    borderColor: colours[kind],
    borderWidth: isFull ? 0 : 1,
    // Every verdict takes the whole width of its bucket, on whichever axis.
    grouped: false,
    categoryPercentage: 1,
    barPercentage: 0.8,
  });
  return [
    ...kinds.map((kind) => bars(kind, true)),
    ...(data.incomplete === undefined ? [] : kinds.map((kind) => bars(kind, false))),
  ];
}

function scales(
  data: HistogramData,
  colours: Colours,
): NonNullable<Chart<'bar', Point[]>['options']['scales']> {
  const end = data.from + data.series.allowed.length * data.stepMs;
  const seconds = end - data.from < SECONDS_AXIS_BELOW_MS;
  const font = { family: colours.font, size: 11 };
  const value = {
    type: 'linear',
    position: 'left',
    stack: 'v',
    stacked: true,
    beginAtZero: true,
    border: { display: false },
    grid: { color: colours.line, drawTicks: false },
    // One width whatever the numbers, so that the plot does not shift as they grow.
    afterFit: (scale: { width: number }) => {
      scale.width = 44;
    },
  } as const;
  const ticks = {
    color: colours.muted,
    font,
    maxTicksLimit: 3,
    precision: 0,
    callback: (count: number | string) => formatCount(Number(count)),
  } as const;
  return {
    x: {
      type: 'linear',
      stacked: true,
      offset: false,
      min: data.from,
      max: end,
      grid: { display: false },
      border: { color: colours.line },
      afterBuildTicks: (axis) => {
        axis.ticks = niceTimes(data.from, end, axis.width).map((at) => ({ value: at }));
      },
      ticks: {
        color: colours.muted,
        font,
        maxRotation: 0,
        autoSkip: false,
        callback: (at) => formatAxis(Number(at), data.zone, seconds),
      },
    },
    ...(data.dropAxis
      ? { drops: { ...value, stackWeight: 2, ticks: { ...ticks, maxTicksLimit: 2 } } }
      : {}),
    y: { ...value, stackWeight: 3, ticks },
  };
}

const TIME_STEPS_MS = [
  10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000,
  43_200_000, 86_400_000,
] as const;

/** Whole times, about one in a hundred pixels. */
function niceTimes(from: number, to: number, width: number): readonly number[] {
  const wanted = (to - from) / Math.max(1, width / 100);
  const step = TIME_STEPS_MS.find((candidate) => candidate >= wanted) ?? 86_400_000;
  const times: number[] = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step) times.push(at);
  return times;
}
