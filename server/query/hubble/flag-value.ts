import { HUBBLE_VERDICTS } from '../../core/verdict.ts';
import { DIRECTIONS, REASON_NUMBERS, type FilterValue } from './flow-filter.ts';
import { EVENT_TYPES, own, RESERVED_IDENTITIES, TCP_FLAGS, TRACE_POINTS } from './names.ts';

/** A flag's text as the filter holds it, or why the command refuses it. */
type FlagValue = { readonly value: FilterValue } | { readonly why: string };

const oneOf = (names: readonly string[], text: string, what: string): FlagValue =>
  names.includes(text)
    ? { value: text }
    : { why: `"${text}" is no ${what}; there are ${names.join(', ')}` };

function readType(text: string): FlagValue {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const sub = colon < 0 ? undefined : text.slice(colon + 1);
  const type = EVENT_TYPES.find((row) => row.name === name)?.type ?? numberOf(name);
  if (type === undefined) {
    return {
      why: `"${name}" is no type of event; there are ${EVENT_TYPES.map((row) => row.name).join(', ')}`,
    };
  }
  if (sub === undefined) return { value: { type } };
  const number = (type === 4 ? own(TRACE_POINTS, sub) : undefined) ?? numberOf(sub);
  if (number === undefined) return { why: `"${sub}" is no sub type of ${name}` };
  // JSON of Hubble leaves a zero out.
  return { value: { type, match_sub_type: true, ...(number === 0 ? {} : { sub_type: number }) } };
}

const numberOf = (text: string): number | undefined =>
  /^\d{1,10}$/.test(text) ? Number(text) : undefined;

function readTcpFlags(text: string): FlagValue {
  const flags = text.toUpperCase().split(',');
  const strange = flags.find((flag) => !TCP_FLAGS.some((known) => known === flag));
  return strange === undefined
    ? { value: Object.fromEntries(flags.map((flag) => [flag, true])) }
    : { why: `"${strange}" is no TCP flag` };
}

function readWorkload(text: string): FlagValue {
  const slash = text.indexOf('/');
  const [kind, name] = slash < 0 ? ['', text] : [text.slice(0, slash), text.slice(slash + 1)];
  return { value: { ...(name === '' ? {} : { name }), ...(kind === '' ? {} : { kind }) } };
}

function readIpVersion(text: string): string {
  const version = /^(?:v|ipv|ip)?([46])$/i.exec(text)?.[1];
  return version === undefined ? 'IP_NOT_USED' : `IPv${version}`;
}

/** `flag` is its long name, which says the value of those that take none. */
export function readFlagValue(field: string, flag: string, text: string): FlagValue {
  switch (field) {
    case 'verdict':
      return oneOf(HUBBLE_VERDICTS, text, 'verdict');
    case 'drop_reason_desc':
      return REASON_NUMBERS.has(text)
        ? { value: text }
        : { why: `"${text}" is no drop reason; write one such as POLICY_DENIED` };
    case 'event_type':
      return readType(text);
    case 'traffic_direction':
      return oneOf(DIRECTIONS.slice(1), text.toUpperCase(), 'direction');
    case 'identity': {
      const number = own(RESERVED_IDENTITIES, text) ?? numberOf(text);
      return number === undefined
        ? {
            why: `"${text}" is neither a number nor one of ${Object.keys(RESERVED_IDENTITIES).join(', ')}`,
          }
        : { value: number };
    }
    case 'workload':
      return readWorkload(text);
    case 'tcp_flags':
      return readTcpFlags(text);
    case 'ip_version':
      return { value: readIpVersion(flag === 'ip-version' ? text : flag) };
    case 'encrypted':
      return { value: flag === 'encrypted' };
    case 'interface':
      return { value: { name: text } };
    case 'ip_trace_id': {
      const number = numberOf(text);
      return number === undefined ? { why: `"${text}" is no number` } : { value: number };
    }
    case 'http_header': {
      const colon = text.indexOf(':');
      return colon < 0
        ? { why: `"${text}" is no name:value` }
        : { value: { key: text.slice(0, colon), value: text.slice(colon + 1) } };
    }
    default:
      return { value: text };
  }
}
