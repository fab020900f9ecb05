import { readRegex } from '../../query/pattern.ts';
import { refuse } from '../refuse.ts';

export type TextTest = (text: string) => boolean;

/** RE2, unanchored, as the Go code that Hubble filters with. */
export function regexTest(field: string, source: string): TextTest {
  const regex = readRegex(source, { ignoreCase: false });
  if (!regex.ok) refuse(`${field}: '${source}': ${regex.reason}`);
  return regex.test;
}

const NAME_PATTERN = /^[-\w.*]+$/;

/** A DNS name where `*` stands for any run of letters, digits, dashes, dots and underscores; case is the pattern's. */
export function fqdnPattern(field: string, pattern: string): string {
  const plain = pattern.trim().replace(/\.$/, '').toLowerCase();
  if (!NAME_PATTERN.test(plain) || plain.endsWith('.')) {
    refuse(`${field}: '${pattern}' is no DNS name with '*' for any part of it`);
  }
  return plain;
}

export const fqdnTest = (field: string, pattern: string): TextTest =>
  whole(globSource(fqdnPattern(field, pattern), '[-.0-9A-Za-z_]*'));

export type NodePattern = { readonly cluster: string; readonly node: string };

/** `node`, `cluster/node` or `cluster/`; an empty part means any. */
export function nodePattern(field: string, pattern: string): NodePattern {
  const [first = '', second, ...rest] = pattern.split('/');
  if (pattern === '' || rest.length > 0) {
    refuse(`${field}: '${pattern}' is no node, cluster/node or cluster/`);
  }
  const [cluster, node] = second === undefined ? ['', first] : [first, second];
  const part = (text: string): string => (text === '' ? '' : fqdnPattern(field, text));
  return { cluster: part(cluster), node: part(node) };
}

const ANY_NAME = '[-0-9_a-z]+(?:\\.[-0-9_a-z]+)*';

/** Cilium calls a cluster without a name `default`. */
export const DEFAULT_CLUSTER = 'default';

export function nodeTest(field: string, pattern: string): TextTest {
  const { cluster, node } = nodePattern(field, pattern);
  const source = (part: string): string =>
    part === '' ? ANY_NAME : globSource(part, '[-.0-9a-z]*');
  const test = whole(`${source(cluster)}/${source(node)}`);
  return (name) => name !== '' && test(name.includes('/') ? name : `${DEFAULT_CLUSTER}/${name}`);
}

const globSource = (pattern: string, star: string): string =>
  pattern.replaceAll('.', '\\.').replaceAll('*', star);

/** RE2, so that a pattern full of stars takes no longer than the name is long. */
function whole(source: string): TextTest {
  const regex = readRegex(`^(?:${source})$`, { ignoreCase: false });
  if (!regex.ok) refuse(`a name pattern is too long: ${regex.reason}`);
  return regex.test;
}
