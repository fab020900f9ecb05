import type { Value } from '../ast.ts';
import { glob, regex, word } from './build.ts';

/** What Hubble's `*` stands for in names of nodes and in DNS names: no underscore, no slash. */
const STAR = '[-.0-9a-z]*';

/** A Kubernetes name, so that nothing in it means more than itself. */
export const isName = (text: string): boolean => /^[\w.-]+$/.test(text);

/** A pattern in Hubble's form, or why it refuses it. */
export function readPattern(text: string): { pattern: string } | { why: string } {
  const pattern = text.trim().replace(/\.$/, '').toLowerCase();
  if (pattern === '') return { why: 'an empty pattern is refused' };
  return /^[-._*0-9a-z]+$/.test(pattern) && !pattern.endsWith('.')
    ? { pattern }
    : { why: 'Hubble takes letters, digits, dots, dashes, underscores and * here' };
}

const source = (pattern: string): string =>
  pattern.replace(/[.*]/g, (char) => (char === '*' ? STAR : '[.]'));

/** A service by the beginning of its name: `svc:` holds namespace/name and the name, and only that has no slash. */
export const anyNamespace = (prefix: string): string => `^${prefix.replaceAll('.', '[.]')}[^/]*$`;

/** DNS names. Our `*` would also find names with an underscore in its place. */
export const nameValue = (pattern: string): Value =>
  pattern.includes('*') ? regex(`^${source(pattern)}$`) : word(pattern);

/** Nodes of a cluster; without a cluster or without a node any. */
export function nodeValue(cluster: string, node: string): Value {
  const all = `${cluster}/${node}`;
  if (cluster === '') return nameValue(node);
  if (!all.includes('*')) return node === '' ? glob(`${cluster}/*`) : word(all);
  return regex(`^${source(cluster)}/${node === '' ? '.' : `${source(node)}$`}`);
}

export const matchesPattern = (pattern: string, text: string): boolean =>
  new RegExp(`^${source(pattern)}$`).test(text);

/** The pattern that `nameValue` or `nodeValue` made this of; `undefined` for any other value. */
export function patternOf(value: Value): string | undefined {
  if (value.kind === 'word' && (value.quoted || !value.text.includes('*'))) {
    return /^[-._/0-9a-z]+$/.test(value.text) ? value.text : undefined;
  }
  if (value.kind === 'word') {
    return /^[-._0-9a-z]+\/\*$/.test(value.text) ? value.text.slice(0, -1) : undefined;
  }
  if (value.kind !== 'regex') return undefined;
  const inner = /^\^([^]*)\$$/.exec(value.source)?.[1] ?? /^\^([^]*\/)\.$/.exec(value.source)?.[1];
  const pattern = inner?.replaceAll(STAR, '*').replaceAll('[.]', '.');
  if (pattern === undefined || !/^[-._*/0-9a-z]+$/.test(pattern)) return undefined;
  return inner === source(pattern) ? pattern : undefined;
}
