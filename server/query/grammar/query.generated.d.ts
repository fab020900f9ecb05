import type { LRParser } from '@lezer/lr';

/** Parser of the query language. Its node names are those of `query.grammar`. */
export const parser: LRParser;
