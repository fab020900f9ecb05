import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseAllDocuments,
  visit,
  type Document,
  type Scalar,
  type YAMLMap,
} from 'yaml';

export type YamlDocument = {
  readonly value: unknown;
  /** Line of the value at a path, from 1; of the nearest one around it where there is none. */
  lineOf(path: readonly (string | number)[]): number;
};

export type YamlFault = { readonly line: number; readonly message: string };

export type ReadDocument =
  | { readonly ok: true; readonly document: YamlDocument }
  | { readonly ok: false; readonly fault: YamlFault };

/** Above these a text is refused before it costs anything: YAML is written by whoever may open a pull request. */
const LIMITS = { characters: 64 * 1024 * 1024, depth: 64, aliases: 100 };

/**
 * Reads YAML 1.2 (or JSON) text, each document for itself: one that cannot be read does not hide the others.
 * Refused are duplicate keys, tags of any own kind, deep nesting and aliases that multiply (faults 31 and 32).
 */
export function readYamlDocuments(text: string): readonly ReadDocument[] {
  const fault = textFault(text);
  if (fault !== undefined) return [{ ok: false, fault }];
  const json = readJson(text);
  if (json !== undefined) return [{ ok: true, document: json }];
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    // Looked for in `boundFault`: the parser compares each key with all others, which takes minutes for a large map.
    uniqueKeys: false,
    version: '1.2',
    schema: 'core',
    // A string that only looks like an error does not print one.
    logLevel: 'silent',
  });
  return Array.isArray(documents) ? documents.map((each) => readOne(each, lines)) : [];
}

function textFault(text: string): YamlFault | undefined {
  if (text.length > LIMITS.characters)
    return { line: 1, message: `is larger than ${LIMITS.characters / 1024 / 1024} MiB` };
  // The parser recurs into brackets; many of them would end its stack.
  let open = 0;
  let line = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10) {
      line++;
      // Brackets in block text and comments need not balance; a line that indents ends most of them.
      if (text.charCodeAt(at + 1) !== 32) open = 0;
    } else if (code === 91 || code === 123) open++;
    else if (code === 93 || code === 125) open = Math.max(0, open - 1);
    if (open > 16 * LIMITS.depth) return { line, message: 'is nested too deeply' };
  }
  return undefined;
}

/** What `kubectl -o json` writes is read fast; its lines are not known, and every fault is told at line 1. */
function readJson(text: string): YamlDocument | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return { value: JSON.parse(text) as unknown, lineOf: () => 1 };
  } catch {
    // It may be YAML that begins with a flow map; the YAML parser says what is wrong with it.
    return undefined;
  }
}

function readOne(document: Document.Parsed, lines: LineCounter): ReadDocument {
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined)
    return {
      ok: false,
      fault: { line: lineAt(problem.pos[0]), message: firstLine(problem.message) },
    };
  const bound = boundFault(document, lineAt);
  if (bound !== undefined) return { ok: false, fault: bound };
  try {
    const value: unknown = document.toJS({ maxAliasCount: LIMITS.aliases });
    return { ok: true, document: { value, lineOf: (path) => lineAt(offsetOf(document, path)) } };
  } catch (error) {
    // The parser's word for aliases of aliases that would unfold to more than it builds.
    if (!(error instanceof ReferenceError)) throw error;
    const line = lineAt(document.range[0]);
    return { ok: false, fault: { line, message: 'has aliases that multiply' } };
  }
}

function boundFault(
  document: Document.Parsed,
  lineAt: (offset: number) => number,
): YamlFault | undefined {
  let aliases = 0;
  let fault: YamlFault | undefined;
  visit(document, {
    Node(_, node, path) {
      if (isAlias(node)) aliases++;
      const line = lineAt(node.range?.[0] ?? 0);
      const twice = isMap(node) ? duplicateKey(node) : undefined;
      if (aliases > LIMITS.aliases) fault = { line, message: 'has too many aliases' };
      // A map adds a pair and a value to the path.
      else if (path.length > 2 * LIMITS.depth) fault = { line, message: 'is nested too deeply' };
      else if (twice !== undefined)
        fault = {
          line: lineAt(twice.range?.[0] ?? 0),
          message: `has the key ${JSON.stringify(twice.value)} twice: keys of a map must be unique`,
        };
      return fault === undefined ? undefined : visit.BREAK;
    },
  });
  return fault;
}

function duplicateKey({ items }: YAMLMap): Scalar | undefined {
  const seen = new Set<unknown>();
  for (const { key } of items) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) return key;
    seen.add(key.value);
  }
  return undefined;
}

function offsetOf(document: Document.Parsed, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0] ?? document.range[0];
}

const firstLine = (text: string): string => text.split('\n', 1)[0]?.replace(/:$/, '') ?? text;
