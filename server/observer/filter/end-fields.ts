import { canonicalAddress, cidrTest, readCidr } from '../../query/address.ts';
import {
  isObject,
  pickInteger,
  pickObject,
  pickObjects,
  pickText,
  pickTexts,
  type LooseObject,
} from '../../sources/decode/loose-json.ts';
import { refuse } from '../refuse.ts';
import { readSelector, selects } from './label-selector.ts';
import { fqdnTest } from './patterns.ts';
import { objectsOf, textsOf, type FieldRule } from './rule.ts';

/** Rules of the fields that ask for one end of a flow: its addresses, names, labels and ports. */

export const addresses =
  (read: (flow: LooseObject) => string): FieldRule =>
  (entries, field) => {
    const tests = textsOf(entries).map((text) => addressTest(text, field));
    return ({ flow }) => {
      const address = read(flow);
      return address !== '' && tests.some((test) => test(address));
    };
  };

function addressTest(text: string, field: string): (address: string) => boolean {
  const cidr = text.includes('/') ? readCidr(text) : undefined;
  if (cidr !== undefined) return cidrTest(cidr.address, cidr.bits);
  const wanted = canonicalAddress(text);
  if (wanted === undefined) refuse(`${field}: '${text}' is neither an address nor a CIDR block`);
  return (address) => canonicalAddress(address) === wanted;
}

export type NamePattern = { readonly namespace: string; readonly prefix: string };

/** `ns/prefix`, `ns/` and `/prefix`; a name alone is one of the namespace `default`. */
export function namePattern(text: string, field: string): NamePattern {
  const slash = text.indexOf('/');
  const namespace = slash < 0 ? 'default' : text.slice(0, slash);
  const prefix = text.slice(slash + 1);
  if (text === '' || text === '/') refuse(`${field}: '${text}' names nothing; give namespace/name`);
  return { namespace, prefix };
}

const names =
  (read: (flow: LooseObject) => NamePattern): FieldRule =>
  (entries, field) => {
    const patterns = textsOf(entries).map((text) => namePattern(text, field));
    return ({ flow }) => {
      const { namespace, prefix: name } = read(flow);
      if (namespace === '' && name === '') return false;
      return patterns.some(
        (wanted) =>
          (wanted.namespace === '' || wanted.namespace === namespace) &&
          name.startsWith(wanted.prefix),
      );
    };
  };

export const named = (side: string, key: string) =>
  names((flow) => {
    const object = pickObject(flow, side);
    return { namespace: pickText(object, 'namespace'), prefix: pickText(object, key) };
  });

export const dnsNames =
  (key: string): FieldRule =>
  (entries, field) => {
    const tests = textsOf(entries).map((pattern) => fqdnTest(field, pattern));
    return ({ flow }) => pickTexts(flow, key).some((name) => tests.some((test) => test(name)));
  };

export const labels =
  (read: (flow: LooseObject) => readonly string[]): FieldRule =>
  (entries, field) => {
    const selectors = textsOf(entries).map((selector) => readSelector(field, selector));
    return ({ flow }) => {
      const told = read(flow);
      return selectors.some((selector) => selects(selector, told));
    };
  };

export const ports =
  (key: string): FieldRule =>
  (entries, field) => {
    const wanted = new Set(textsOf(entries).map((text) => portOf(text, field)));
    return ({ flow }) => {
      const l4 = pickObject(flow, 'l4');
      const header = ['TCP', 'UDP', 'SCTP'].map((name) => pickObject(l4, name)).find(isObject);
      return header !== undefined && wanted.has(pickInteger(header, key) ?? 0);
    };
  };

export function portOf(text: string, field: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65_535) refuse(`${field}: '${text}' is no port from 0 to 65535`);
  return port;
}

export const workloads =
  (side: string): FieldRule =>
  (entries) => {
    const wanted = objectsOf(entries);
    const fits = (told: LooseObject, asked: LooseObject, key: string): boolean =>
      pickText(asked, key) === '' || pickText(asked, key) === pickText(told, key);
    return ({ flow }) =>
      pickObjects(pickObject(flow, side), 'workloads').some((told) =>
        wanted.some((asked) => fits(told, asked, 'name') && fits(told, asked, 'kind')),
      );
  };
