/** What a query may cost. The text is measured before it is read, everything else before it is run. */
export const QUERY_LIMITS = {
  characters: 2048,
  /** Terms, each regular expression of a list counted like a term. */
  terms: 64,
  /** Parentheses inside parentheses. */
  depth: 8,
  regexCharacters: 256,
  /** Instructions of the compiled expression: `(\pL{100}){10}` is short and huge. */
  regexInstructions: 500,
} as const;
