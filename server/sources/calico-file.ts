import type { FlowSource } from './flow-source.ts';
import { tailedSource, type FileSourceOptions } from './tailed-source.ts';

const MEBIBYTE = 1024 * 1024;

/** Follows a node's Calico Enterprise or Cloud flow log, across its rotations. */
export function calicoFile(options: FileSourceOptions): FlowSource {
  return tailedSource(options, {
    kind: 'calico-file',
    // Lines list labels, policies, domains and addresses without a bound of their own (reference/calico.md 13.2).
    lineLimit: 10 * MEBIBYTE,
    // Felix's defaults (reference/calico.md 2.1).
    rotation: { fileBytes: 100 * MEBIBYTE, backups: 5 },
  });
}
