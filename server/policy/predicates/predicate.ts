import type { MissingFact, Predicate, PredicateReport, Question } from '../form.ts';

/** A predicate without what is the same in all of them. */
export type PredicateParts = Pick<Predicate, 'path' | 'about' | 'test'> & {
  readonly expected: string;
  actual(question: Question): string;
  missing(question: Question): MissingFact;
};

export const predicateOf = ({
  path,
  about,
  test,
  expected,
  actual,
  missing,
}: PredicateParts): Predicate => ({
  path,
  about,
  test,
  report(question): PredicateReport {
    const truth = test(question);
    const told = { truth, expected, actual: actual(question) };
    return truth === 'unknown' ? { ...told, missing: missing(question) } : told;
  },
});
