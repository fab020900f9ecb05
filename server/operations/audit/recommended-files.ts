import { Document, isNode, isSeq, type YAMLSeq } from 'yaml';
import type { Edge } from '../../core/edge.ts';
import { formatTime } from '../../core/time.ts';
import type { Draft } from '../../policy/recommend/draft.ts';
import { endText } from './edge-ends.ts';
import type { RecommendedSet } from './recommend-recorded.ts';

export type RecommendedFile = { readonly path: string; readonly text: string };

/** Edges that stand above a rule. */
const SHOWN = 6;
const STYLE = { lineWidth: 0, indentSeq: true } as const;

/**
 * A file for each policy, in a folder for each namespace, with a kustomization. What a rule is there for stands above
 * it. Equal recommendations have equal bytes.
 */
export function recommendedFiles({
  drafts,
  isolating,
}: RecommendedSet): readonly RecommendedFile[] {
  const files = [
    ...drafts.map((draft) => ({
      path: `${draft.namespace}/${draft.name}.yaml`,
      text: draftText(draft),
    })),
    ...isolating.map((manifest) => ({
      path: `${manifest.metadata.namespace ?? ''}/${manifest.metadata.name}.yaml`,
      text: new Document(manifest).toString(STYLE),
    })),
  ].sort((one, other) => (one.path < other.path ? -1 : 1));
  const folders = Map.groupBy(files, ({ path }) => path.slice(0, path.indexOf('/')));
  return [
    kustomization('', [...folders.keys()]),
    ...[...folders].flatMap(([folder, own]) => [
      kustomization(
        `${folder}/`,
        own.map(({ path }) => path.slice(folder.length + 1)),
      ),
      ...own,
    ]),
  ];
}

const kustomization = (folder: string, resources: readonly string[]): RecommendedFile => ({
  path: `${folder}kustomization.yaml`,
  text: new Document({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources,
  }).toString(STYLE),
});

function draftText({ manifest, rules }: Draft<Edge>): string {
  const document = new Document(manifest);
  for (const way of ['ingress', 'egress'] as const) {
    const list = document.getIn(['spec', way], true);
    if (!isSeq(list)) continue;
    for (const [at, rule] of rules[way].entries()) comment(list, at, rule.for);
  }
  return document.toString(STYLE);
}

function comment(list: YAMLSeq, at: number, edges: readonly Edge[]): void {
  const item = list.items[at];
  if (isNode(item)) item.commentBefore = evidence(edges);
}

function evidence(edges: readonly Edge[]): string {
  const most = edges.toSorted(
    (one, other) => other.events.allowed - one.events.allowed || (one.id < other.id ? -1 : 1),
  );
  const lines = most.slice(0, SHOWN).map((edge) => {
    const port = edge.port > 0 ? `${edge.port}/${edge.protocol}` : edge.protocol;
    const seen = `${edge.events.allowed}, ${edge.rhythm}, last ${formatTime(edge.lastAt)}`;
    return ` ${oneLine(endText(edge.source))} → ${oneLine(endText(edge.destination))} ${port}: ${seen}`;
  });
  const more = edges.length - SHOWN;
  return [...lines, ...(more > 0 ? [` and ${more} more`] : [])].join('\n');
}

/** Names come from records: none may end the comment. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ');
