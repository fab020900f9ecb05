import { refuse } from '../refuse.ts';

/** One requirement of a Kubernetes label selector. */
export type Requirement = {
  /** Cilium's source before the key, such as `k8s`; empty: any. */
  readonly source: string;
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | 'absent' | 'above' | 'below';
  readonly values: readonly string[];
};

const SYNTAX =
  /^\s*(?:!\s*(?<absent>[^\s,()!=<>]+)|(?<key>[^\s,()!=<>]+)\s*(?:(?<sign>==|!=|=|<|>)\s*(?<value>[^\s,()!=<>]*)|(?<word>in|notin)\s*\((?<list>[^()]*)\))?)\s*(?:,|$)/;

/** Reads `app=web`, `k8s:app in (a, b)`, `!app`, `app`, `reserved:world`, joined by commas: all must hold. */
export function readSelector(field: string, selector: string): readonly Requirement[] {
  const found: Requirement[] = [];
  let rest = selector;
  while (rest.trim() !== '') {
    const match = SYNTAX.exec(rest);
    if (match?.groups === undefined) {
      refuse(`${field}: '${selector}' is no label selector such as app=web or 'app in (a, b)'`);
    }
    found.push(requirementOf(match.groups));
    rest = rest.slice(match[0].length);
  }
  return found;
}

function requirementOf(groups: Readonly<Record<string, string | undefined>>): Requirement {
  const { absent, key: name = '', sign, value = '', word, list = '' } = groups;
  const { source, key } = splitKey(absent ?? name);
  if (absent !== undefined) return { source, key, operator: 'absent', values: [] };
  if (word !== undefined) {
    const values = list.split(',').map((item) => item.trim());
    return { source, key, operator: word === 'in' ? 'in' : 'notin', values };
  }
  switch (sign) {
    case undefined:
      return { source, key, operator: 'exists', values: [] };
    case '!=':
      return { source, key, operator: 'notin', values: [value] };
    case '>':
      return { source, key, operator: 'above', values: [value] };
    case '<':
      return { source, key, operator: 'below', values: [value] };
    default:
      return { source, key, operator: 'in', values: [value] };
  }
}

/** `any` is how Cilium writes a source that does not matter. */
function splitKey(text: string): { source: string; key: string } {
  const colon = text.indexOf(':');
  const source = text.slice(0, Math.max(0, colon));
  return { source: source === 'any' ? '' : source, key: text.slice(colon + 1) };
}

/** Whether the labels of an end, as Hubble writes them, are selected. */
export function selects(requirements: readonly Requirement[], labels: readonly string[]): boolean {
  return requirements.every((requirement) => holds(requirement, labels));
}

function holds({ source, key, operator, values }: Requirement, labels: readonly string[]): boolean {
  const found = labels.map(readLabel).filter((label) => label.key === key);
  const told = source === '' ? found : found.filter((label) => label.source === source);
  const [first] = told;
  switch (operator) {
    case 'exists':
      return first !== undefined;
    case 'absent':
      return first === undefined;
    case 'in':
      return first !== undefined && values.includes(first.value);
    case 'notin':
      return first === undefined || !values.includes(first.value);
    case 'above':
      return first !== undefined && Number(first.value) > Number(values[0]);
    case 'below':
      return first !== undefined && Number(first.value) < Number(values[0]);
  }
}

type Label = { readonly source: string; readonly key: string; readonly value: string };

const read = new Map<string, Label>();
/** Labels repeat by the thousand; one hostile sender's that do not must not fill the memory. */
const KEPT = 50_000;

/** `k8s:app=web`; a label without `=` has an empty value. */
function readLabel(text: string): Label {
  const known = read.get(text);
  if (known !== undefined) return known;
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const colon = name.indexOf(':');
  const label = {
    source: name.slice(0, Math.max(0, colon)),
    key: name.slice(colon + 1),
    value: equals < 0 ? '' : text.slice(equals + 1),
  };
  if (read.size >= KEPT) read.clear();
  read.set(text, label);
  return label;
}
