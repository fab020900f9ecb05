import { formatTime, type EpochNanos } from '../core/time.ts';
import { completenessToJson } from '../formats/completeness-json.ts';
import { windowToJson } from '../formats/flow-json.ts';
import type { ComparedRow, ComparedWindow, Comparison, Figures } from './compare.ts';

/** A comparison as the API and `--output json` write it; what is not known is null. */
export function comparisonToJson({ rows, changes, current, baseline, head }: Comparison) {
  return {
    rows: rows.map(comparedRowToJson),
    changes,
    current: windowJson(current),
    baseline: windowJson(baseline),
    head,
  };
}

export function comparedRowToJson({ keys, change, current, baseline, ratio }: ComparedRow) {
  return {
    keys,
    change,
    current: figuresJson(current),
    baseline: figuresJson(baseline),
    ratio: ratio ?? null,
  };
}

const figuresJson = (figures: Figures | undefined) =>
  figures === undefined
    ? null
    : { ...figures, firstAt: timeJson(figures.firstAt), lastAt: timeJson(figures.lastAt) };

const timeJson = (time: EpochNanos | undefined): string | null =>
  time === undefined ? null : formatTime(time);

const windowJson = ({ within, completeness, ...counts }: ComparedWindow) => ({
  range: windowToJson(within),
  ...counts,
  completeness: completenessToJson(completeness),
});
