import type { L7 } from '../../core/flow.ts';
import {
  asInteger,
  isObject,
  pickInteger,
  pickObject,
  pickText,
  pickTexts,
  type LooseObject,
} from './loose-json.ts';

const TYPES: ReadonlyMap<unknown, L7['type']> = new Map<unknown, L7['type']>([
  ['REQUEST', 'request'],
  ['RESPONSE', 'response'],
  ['SAMPLE', 'sample'],
  [1, 'request'],
  [2, 'response'],
  [3, 'sample'],
]);

/** The L7 part of a flow (reference/hubble.md 5.10). */
export function hubbleL7(flow: LooseObject): L7 | undefined {
  const l7 = pickObject(flow, 'l7');
  if (l7 === undefined) return undefined;
  const type = TYPES.get(asInteger(l7['type']) ?? l7['type']) ?? 'unknown';
  const http = pickObject(l7, 'http');
  if (http !== undefined) return httpOf(type, http);
  const dns = pickObject(l7, 'dns');
  if (dns !== undefined) return dnsOf(type, dns);
  const kafka = pickObject(l7, 'kafka');
  if (kafka !== undefined) {
    const [method, path] = [pickText(kafka, 'api_key'), pickText(kafka, 'topic')];
    return { protocol: 'kafka', type, method, path, status: -1 };
  }
  const protocol = Object.keys(l7).find((key) => isObject(l7[key])) ?? '';
  return { protocol, type, method: '', path: '', status: -1 };
}

function httpOf(type: L7['type'], http: LooseObject): L7 {
  const code = pickInteger(http, 'code') ?? 0;
  return {
    protocol: 'http',
    type,
    method: pickText(http, 'method'),
    path: pickText(http, 'url'),
    status: code > 0 ? code : -1,
  };
}

/** An absent rcode is 0, success; a request has none. */
function dnsOf(type: L7['type'], dns: LooseObject): L7 {
  const code = pickInteger(dns, 'rcode');
  return {
    protocol: 'dns',
    type,
    method: pickTexts(dns, 'qtypes').join(','),
    path: withoutDot(pickText(dns, 'query')),
    status: code ?? (type === 'response' ? 0 : -1),
  };
}

export function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
