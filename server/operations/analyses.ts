import type { AnalysisDesk, Progress } from './analysis-desk.ts';

type Analysis = {
  /** One that takes longer is ended. */
  readonly limitMs: number;
  /** What answers, loaded only by the process that runs it: it brings all that weighs policies along. */
  load(): Promise<
    (
      desk: AnalysisDesk,
      // Each has a question of its own, as `Analyses` says.
      question: never,
      onprogress: (progress: Progress) => void,
    ) => Promise<unknown>
  >;
};

const PROMPT_MS = 30_000;
/** What reads every flow of weeks shows how far it has come, and may be given up. */
const LONG_MS = 300_000;

/** All questions that are too much for the process that serves the page. One more is one more entry here. */
export const ANALYSES = {
  explain: {
    limitMs: PROMPT_MS,
    load: async () => (await import('./why/explain-stored.ts')).explainStored,
  },
  listPolicies: {
    limitMs: PROMPT_MS,
    load: async () => (await import('./policies/answer-policies.ts')).answerPolicies,
  },
  showPolicy: {
    limitMs: PROMPT_MS,
    load: async () => (await import('./policies/answer-policies.ts')).answerPolicy,
  },
  podPolicies: {
    limitMs: PROMPT_MS,
    load: async () => (await import('./policies/answer-policies.ts')).answerPodPolicies,
  },
  attribute: {
    limitMs: PROMPT_MS,
    load: async () => (await import('./attribution/attribute.ts')).attributeStored,
  },
  audit: {
    limitMs: LONG_MS,
    load: async () => (await import('./audit/answer-audit.ts')).answerAudit,
  },
} as const satisfies Readonly<Record<string, Analysis>>;

export type AnalysisName = keyof typeof ANALYSES;

type Run<Name extends AnalysisName> = Awaited<ReturnType<(typeof ANALYSES)[Name]['load']>>;

export type Asking = {
  /** Ends the work when it aborts. */
  readonly signal?: AbortSignal;
  readonly onprogress?: (progress: Progress) => void;
};

/** The same questions as whoever asks them sees them. Questions and answers are plain data. */
export type Analyses = {
  readonly [Name in AnalysisName]: (
    question: Parameters<Run<Name>>[1],
    asking?: Asking,
  ) => ReturnType<Run<Name>>;
};
