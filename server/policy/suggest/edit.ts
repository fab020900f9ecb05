import { isNode, isSeq, parseDocument, stringify } from 'yaml';
import type { Document, Node, YAMLSeq } from 'yaml';
import type { Manifest, ManifestPath } from '../../core/manifest.ts';

/**
 * One change to a manifest: something more in a list, which is made where there is none; something before an entry of a
 * list, at whose path it then stands; or one value.
 */
export type Edit = {
  readonly kind: 'append' | 'insert' | 'set';
  readonly path: ManifestPath;
  readonly value: unknown;
};

type Holder = Record<string | number, unknown>;

/** A manifest with a change in it; the given one stays as it is. */
export function edited(manifest: Manifest, { kind, path, value }: Edit): Manifest {
  const copy = structuredClone(manifest) as Holder;
  let place = copy;
  for (const part of path.slice(0, -1)) place = childOf(place, part);
  const last = path.at(-1) ?? '';
  const held = place[last];
  if (kind === 'set') place[last] = value;
  else if (kind === 'insert') (place as unknown as unknown[]).splice(Number(last), 0, value);
  else place[last] = Array.isArray(held) ? [...(held as unknown[]), value] : [value];
  return copy as Manifest;
}

function childOf(place: Holder, part: string | number): Holder {
  place[part] ??= {};
  return place[part] as Holder;
}

/**
 * The same change in the text of the manifest, whose comments, order and quotes stay. Lines that do not change are left
 * as they were written; where the printer breaks lines otherwise, both texts are the printer's.
 */
export function editedText(
  text: string,
  edits: readonly Edit[],
): { readonly before: string; readonly after: string } {
  const document: Document = parseDocument(text);
  const printed = document.toString(STYLE);
  for (const edit of edits) editDocument(document, edit);
  const changed = document.toString(STYLE);
  const [own, old, now] = [text.trimEnd(), printed.trimEnd(), changed.trimEnd()].map((each) =>
    each.split('\n'),
  ) as [string[], string[], string[]];
  if (own.length !== old.length) return { before: printed, after: changed };
  const { same, behind } = commonLines(old, now);
  const after = [
    ...own.slice(0, same),
    ...now.slice(same, now.length - behind),
    ...own.slice(own.length - behind),
  ];
  return { before: `${own.join('\n')}\n`, after: `${after.join('\n')}\n` };
}

function editDocument(document: Document, { kind, path, value }: Edit): void {
  const node = document.createNode(value);
  const list = document.getIn(path.slice(0, -1), true);
  if (kind === 'set') document.setIn(path, node);
  else if (kind === 'insert' && isSeq(list)) insertItem(list, Number(path.at(-1)), node);
  else if (document.hasIn(path) && document.getIn(path) !== null) document.addIn(path, node);
  else document.setIn(path, document.createNode([value]));
}

/** What is said above the first entry of a list is kept by the list, and stays with that entry. */
function insertItem(list: YAMLSeq, at: number, node: Node): void {
  const [first] = list.items;
  if (at === 0 && isNode(first) && list.commentBefore != null) {
    first.commentBefore = list.commentBefore;
    delete list.commentBefore;
  }
  list.items.splice(at, 0, node);
}

/** How many lines two texts share at their beginning, and how many of the rest at their end. */
export function commonLines(
  old: readonly string[],
  now: readonly string[],
): { readonly same: number; readonly behind: number } {
  const shorter = Math.min(old.length, now.length);
  let same = 0;
  while (same < shorter && old[same] === now[same]) same++;
  let behind = 0;
  while (behind < shorter - same && old.at(-1 - behind) === now.at(-1 - behind)) behind++;
  return { same, behind };
}

const STYLE = { lineWidth: 0, indentSeq: true } as const;

/** Fields that a cluster writes and nobody applies. */
const WRITTEN_BY_CLUSTER = [
  'uid',
  'generation',
  'creationTimestamp',
  'resourceVersion',
  'managedFields',
];

/** A manifest as somebody would write it. */
export function manifestText({ apiVersion, kind, metadata, ...rest }: Manifest): string {
  const own = Object.entries(metadata).filter(([field]) => !WRITTEN_BY_CLUSTER.includes(field));
  const fields = Object.entries(rest).filter(([field]) => field !== 'status');
  const written = { apiVersion, kind, metadata: Object.fromEntries(own) };
  return stringify({ ...written, ...Object.fromEntries(fields) }, STYLE);
}
