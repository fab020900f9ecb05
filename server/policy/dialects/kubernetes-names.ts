const LABEL_TEXT = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const SUBDOMAIN_PART = /^[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?$/;

/** Why the API server refuses a text as the key of a label; `undefined` where it does not. */
export function labelKeyFault(key: string): string | undefined {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2) return 'must have at most one "/" before the name of the label';
  if (parts.length === 2 && !isSubdomain(parts[0] ?? ''))
    return 'must have a DNS subdomain such as "example.com" before the "/"';
  return LABEL_TEXT.test(name)
    ? undefined
    : 'must be 1 to 63 letters, digits, "-", "_" or ".", with a letter or digit at both ends';
}

export const labelValueFault = (value: string): string | undefined =>
  value === '' || LABEL_TEXT.test(value)
    ? undefined
    : 'must be at most 63 letters, digits, "-", "_" or ".", with a letter or digit at both ends';

export const isSubdomain = (text: string): boolean =>
  text.length <= 253 && text.split('.').every((part) => SUBDOMAIN_PART.test(part));

/** Why a text is no name of a port. One that is only digits is a number in quotes, a common mistake. */
export function portNameFault(name: string): string | undefined {
  if (/^\d+$/.test(name)) return 'is a number in quotes, which is read as the name of a port';
  if (name.length > 15) return 'must be at most 15 characters, as names of ports are';
  if (!/^[a-z0-9-]+$/.test(name)) return 'must be lower-case letters, digits and "-"';
  if (!/[a-z]/.test(name)) return 'must have at least one letter';
  return /^-|-$|--/.test(name)
    ? 'must not begin or end with "-", nor have two in a row'
    : undefined;
}
