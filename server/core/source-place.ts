import type { SourcePlace } from './explanation.ts';

/** `redis.yaml:9`, as editors open it. */
export const placeText = ({ file, line }: SourcePlace): string =>
  line === undefined ? file : `${file}:${line}`;
