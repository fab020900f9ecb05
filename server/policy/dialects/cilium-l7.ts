import type { Clause, Option } from '../form.ts';
import { alwaysOpen } from '../predicates/open.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { DNS_QUERY, readNameRule, readPattern, requestName, SERVER_NAME } from './cilium-names.ts';
import { readKafka } from './cilium-kafka.ts';
import type { PortEntry } from './cilium-ports.ts';
import { readHttp } from './cilium-http.ts';
import {
  fieldOf,
  isThere,
  itemsAt,
  refuse,
  shown,
  textAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';

/** What a proxy asks of the requests on some ports: one clause for each thing that must hold. */
type L7Rules = {
  /** `http`, `dns`, `kafka`, or another parser's name; empty for none. */
  readonly parser: string;
  readonly clauses: readonly Clause[];
};

const KINDS = ['http', 'dns', 'kafka'] as const;

export function readL7(entry: Place, ports: readonly PortEntry[], isIngress: boolean): L7Rules {
  const rules = fieldOf(entry, 'rules');
  const names = fieldOf(entry, 'serverNames');
  const open = unknownFields(rules, [...KINDS, 'l7', 'l7proto']).map(notUnderstood);
  const kinds = KINDS.filter((kind) => isThere(fieldOf(rules, kind)));
  const proto = textAt(fieldOf(rules, 'l7proto')) ?? '';
  if (isThere(fieldOf(rules, 'l7')) && proto === '')
    refuse(fieldOf(rules, 'l7'), 'must stand beside "l7proto"');
  if (kinds.length + (proto === '' ? 0 : 1) > 1)
    refuse(rules, 'must be of one kind: http, dns, kafka or l7');
  const clauses = [
    ...kinds.flatMap((kind) => readKind(fieldOf(rules, kind), kind)),
    ...(proto === '' ? [] : readOther(fieldOf(rules, 'l7'))),
    ...readServerNames(names),
    ...(open.length === 0
      ? []
      : [
          {
            kind: 'l7',
            path: rules.path,
            options: [{ path: rules.path, predicates: open }],
          } as const,
        ]),
  ];
  const filled = kinds.find((kind) => itemsAt(fieldOf(rules, kind)).length > 0);
  const parser = filled ?? proto;
  if (parser !== '') checkPorts(rules, { parser, ports, isIngress });
  const terminates = isThere(fieldOf(entry, 'terminatingTLS'));
  if (itemsAt(names).length > 0 && parser !== '' && !terminates)
    refuse(names, 'must not stand beside L7 rules without "terminatingTLS"');
  if (isThere(fieldOf(entry, 'listener'))) {
    if (isIngress) refuse(fieldOf(entry, 'listener'), 'must not be given for ingress');
    if (parser !== '') refuse(fieldOf(entry, 'listener'), 'must not stand beside L7 rules');
  }
  return { parser, clauses };
}

/** A list that is empty restricts nothing. */
function readKind(list: Place, kind: (typeof KINDS)[number]): readonly Clause[] {
  const items = itemsAt(list);
  if (items.length === 0) return [];
  return [{ kind: 'l7', path: list.path, options: items.map((item) => readRequest(item, kind)) }];
}

function readRequest(item: Place, kind: (typeof KINDS)[number]): Option {
  switch (kind) {
    case 'http':
      return readHttp(item);
    case 'kafka':
      return readKafka(item);
    case 'dns':
      return readNameRule(item, (name, place) => requestName(name, place, DNS_QUERY));
  }
}

/** Parsers that a proxy was extended with: what their rules mean, only they know. */
function readOther(list: Place): readonly Clause[] {
  const items = itemsAt(list);
  if (items.length === 0) return [];
  const missing = { kind: 'l7', text: 'what the rules of that parser admit' } as const;
  const options = items.map(({ path }) => ({
    path,
    predicates: [alwaysOpen(path, 'a request that the parser admits', missing)],
  }));
  return [{ kind: 'l7', path: list.path, options }];
}

function readServerNames(list: Place): readonly Clause[] {
  const items = itemsAt(list);
  if (items.length === 0) return [];
  const options = items.flatMap((item) => {
    if (textAt(item) === '') refuse(item, 'must not be empty');
    const name = readPattern(item);
    return name === undefined
      ? []
      : [{ path: item.path, predicates: [requestName(name, item, SERVER_NAME)] }];
  });
  return [{ kind: 'l7', path: list.path, options }];
}

type PortCheck = {
  readonly parser: string;
  readonly ports: readonly PortEntry[];
  readonly isIngress: boolean;
};

function checkPorts(rules: Place, { parser, ports, isIngress }: PortCheck): void {
  if (parser === 'dns') {
    if (isIngress) refuse(fieldOf(rules, 'dns'), 'must not be given for ingress');
    if (ports.length === 0) refuse(rules, 'must stand beside "ports" with port 53');
    if (ports.some(({ isRange }) => isRange))
      refuse(rules, 'must not stand beside a range of ports');
  } else
    for (const { protocol } of ports)
      if (protocol !== 'TCP')
        refuse(rules, `must stand beside ports of protocol TCP, and one is of ${shown(protocol)}`);
  if (ports.some(({ isEvery }) => isEvery))
    refuse(rules, 'must not stand beside port 0, which means every port');
}
