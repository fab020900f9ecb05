import type { FlowSource } from './flow-source.ts';
import { tailedSource, type FileSourceOptions } from './tailed-source.ts';

const MEBIBYTE = 1024 * 1024;

/** Follows the newline-delimited JSON that the Hubble exporter writes, across its rotations. */
export function hubbleFile(options: FileSourceOptions): FlowSource {
  return tailedSource(options, {
    kind: 'hubble-file',
    // HTTP headers and long label lists make lines far longer than the 64 KiB at which Hubble's own reader stops.
    lineLimit: MEBIBYTE,
    // The exporter's defaults (reference/hubble.md 4.3).
    rotation: { fileBytes: 10 * MEBIBYTE, backups: 5 },
  });
}
