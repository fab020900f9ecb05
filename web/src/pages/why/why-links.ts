import type { PolicyName, SimilarDrops } from '../../../../server/core/explanation.ts';
import type { EndJson } from '../../../../server/http/contract.ts';
import type { Router } from '../../state/router.svelte.ts';
import { absoluteText } from '../../state/time-range.ts';
import { podHref, policyHref, subjectOfEnd } from '../../state/links.ts';
import { parseView } from '../../state/url.ts';

/** Where the parts of an explanation lead, and how one gets there without loading the page again. */
export type WhyLinks = {
  policy(name: PolicyName): string;
  /** The policies that select an end; `undefined` where it is no pod. */
  selecting(end: EndJson): string | undefined;
  flow(seq: number): string;
  similar(drops: SimilarDrops): string;
  reason(code: string): string;
  readonly sources: string;
  open(href: string): void;
};

/** Similar drops are counted for so long before and after the flow. */
const AROUND_MS = 3_600_000;

export function whyLinks(router: Router, observedAt: string): WhyLinks {
  const at = Date.parse(observedAt);
  return {
    policy: (name) => policyHref(name, { ...router.view, at: observedAt }),
    selecting(end) {
      const subject = subjectOfEnd(end);
      return subject && podHref(subject, { ...router.view, at: observedAt });
    },
    flow: (seq) => router.screenHref('live', { sel: String(seq) }),
    similar: ({ query }) =>
      router.screenHref('live', { q: query, t: absoluteText(at - AROUND_MS, at + AROUND_MS) }),
    reason: (code) => `/drops/reasons/${encodeURIComponent(code)}`,
    sources: router.screenHref('sources'),
    open: (href) => router.go(parseView(href)),
  };
}
