import type { FlowColumn } from '../core/field.ts';
import { findField } from '../core/fields.ts';
import type { Endpoint, Flow } from '../core/flow.ts';
import type { Value } from './ast.ts';
import { globTest } from './pattern.ts';
import { regexTest } from './value-test.ts';

type TextTest = { readonly column: FlowColumn; readonly test: (value: never) => boolean };

/** Tests for a bare word: part of any name, address, policy, reason or path of the flow, whatever its case. */
export function textTests(value: Value): readonly TextTest[] {
  const contains = containsTest(value);
  const some = (texts: readonly string[]): boolean => texts.some(contains);
  const end = ({ pod, workload, namespace, name }: Endpoint): boolean =>
    some([pod, workload, namespace, name]);
  const policies = findField('policy');
  return [
    { column: 'source', test: end },
    { column: 'destination', test: end },
    { column: 'sourceIp', test: contains },
    { column: 'destinationIp', test: contains },
    { column: 'sourceNames', test: some },
    { column: 'destinationNames', test: some },
    { column: 'sourceService', test: contains },
    { column: 'destinationService', test: contains },
    { column: 'hits', test: (hits: never) => some((policies?.project(hits) ?? []).map(String)) },
    {
      column: 'verdict',
      test: (verdict: Flow['verdict']) => verdict.kind === 'dropped' && contains(verdict.reason),
    },
    { column: 'l7', test: (l7: Flow['l7']) => l7 !== undefined && contains(l7.path) },
  ];
}

function containsTest(value: Value): (text: string) => boolean {
  if (value.kind === 'regex') {
    const test = regexTest(value.source, true);
    // Empty text stands for "not recorded", which an expression such as /^$/ must not find.
    return (text) => text !== '' && test(text);
  }
  if (value.kind !== 'word') throw new Error(`a bare ${value.kind} means nothing`);
  const wanted = value.text.toLowerCase();
  if (value.quoted || !wanted.includes('*')) return (text) => text.toLowerCase().includes(wanted);
  const test = globTest(`*${wanted}*`);
  return (text) => test(text.toLowerCase());
}
