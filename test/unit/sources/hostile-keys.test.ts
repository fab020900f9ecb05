import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../server/core/flow.ts';
import { nanos } from '../../../server/core/time.ts';
import { calicoLines } from '../../../server/sources/calico-line.ts';
import { parsePolicyString } from '../../../server/sources/decode/calico-policy.ts';
import { hubbleJson } from '../../../server/sources/decode/hubble-json.ts';
import { hubbleLines } from '../../../server/sources/hubble-line.ts';
import { getFlowsResponse } from '../../../server/sources/hubble-proto.ts';
import type { DecodedLine } from '../../../server/sources/line-decoder.ts';
import { flow } from '../../support/decode-hubble.ts';

/** Names that every plain object seems to have. */
const INHERITED = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf'] as const;

const word = fc.constantFrom(...INHERITED);
const RECEIVED = nanos(1_800_000_000_000_000_000n);

/** As parsed JSON: `__proto__` is a key like any other. */
const object = (...entries: readonly (readonly [string, unknown])[]): unknown =>
  Object.fromEntries(entries);

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    word,
    fc.constantFrom(null, true, 1, -1, 1.5, {}, []),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(word, tie('value')), { maxLength: 3 }).map((all) => object(...all)),
  ),
})).value;

const record = (keys: readonly string[]): fc.Arbitrary<unknown> =>
  fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...keys), word), value), { maxLength: 8 })
    .map((entries) => object(...entries));

const CALICO = ['action', 'reporter', 'proto', 'source_type', 'dest_type', 'policies', 'end_time'];
const calicoRecord = fc
  .tuple(record(CALICO), word, word, value)
  .map(([fields, kind, action, other]) => ({
    action,
    reporter: kind,
    source_type: kind,
    proto: action,
    policies: {
      enforced_policies: [`0|default|${kind}:y/p|allow|0`, `0|t|np:a/b|${action}|0`, other],
    },
    ...(fields as object),
  }));

const FLOW = ['verdict', 'event_type', 'l4', 'l7', 'source', 'IP', 'is_reply', 'egress_denied_by'];
const hubbleRecord = fc
  .tuple(record(FLOW), record(['flow', 'lost_events', 'node_status']), word, value, fc.boolean())
  .map(([fields, outer, name, other, bare]) => {
    const told = {
      verdict: name,
      drop_reason_desc: name,
      l4: object([name, {}]),
      l7: { type: name, [name]: other },
      ...(fields as object),
    };
    return bare ? { ...told, ...(outer as object) } : { flow: told, ...(outer as object) };
  });

function decodeWith(lines: typeof hubbleLines, json: unknown): DecodedLine {
  const text = JSON.stringify(json);
  const place = { file: 'f', offset: 0, always: false };
  return lines(
    'source',
    'node',
  )({ text, bytes: new TextEncoder().encode(text), place, receivedAt: RECEIVED });
}

/** A flow that is data from end to end can be copied; a function among it cannot. */
function expectCounted({ flow: found, gap, rejected }: DecodedLine): void {
  expect(found ?? gap ?? rejected).toBeDefined();
  if (found !== undefined) expect(structuredClone(found)).toEqual(found);
  if (gap !== undefined) expect(structuredClone(gap)).toEqual(gap);
  if (rejected !== undefined) expect(typeof rejected).toBe('string');
}

describe('names that objects inherit are words like any other (fault 33)', () => {
  test('lines of Calico are flows of data, or refused with a reason', () => {
    fc.assert(
      fc.property(fc.oneof(calicoRecord, record(CALICO)), (json) => {
        expectCounted(decodeWith(calicoLines, json));
      }),
      { numRuns: 1000 },
    );
  });

  test('lines of Hubble are flows of data, losses, or refused with a reason', () => {
    fc.assert(
      fc.property(fc.oneof(hubbleRecord, record(FLOW)), (json) => {
        expectCounted(decodeWith(hubbleLines, json));
      }),
      { numRuns: 1000 },
    );
  });

  test.each(INHERITED)('%s as protocol, type, kind and action', (name) => {
    const calico = (fields: object): Flow | undefined =>
      decodeWith(calicoLines, { action: 'allow', reporter: 'src', ...fields }).flow;
    expect(calico({ proto: name })?.protocol).toBe(name.toLowerCase());
    expect(calico({ source_type: name })?.source.kind).toBe('unknown');
    // What is no known kind is part of an older generation's name, whatever the word.
    expect(parsePolicyString(`0|default|${name}:y/p|allow|0`)).toEqual({
      ...parsePolicyString('0|default|other:y/p|allow|0'),
      namespace: `${name}:y`,
    });
    expect(parsePolicyString(`0|default|np:y/p|${name}|0`)).toBeUndefined();
    expect(flow({ l4: object([name, {}]) as object }).protocol).toBe(name.toLowerCase());
    expect(flow({ l7: { type: name } }).l7?.type).toBe('unknown');
    expect(decodeWith(hubbleLines, object([name, 1]))).toEqual({
      rejected: 'unknown kind of record',
    });
  });

  test.each(INHERITED)('%s as type of an extension, and as a key in one told twice', (name) => {
    const url = `type.googleapis.com/${name}`;
    const told = getFlowsResponse.encode({
      flow: { uuid: 'u', extensions: { '@type': url, value: 'AQI=' } },
    });
    expect(hubbleJson(told)).toEqual({
      ok: true,
      record: { flow: { uuid: 'u', extensions: { '@type': url, value: 'AQI=' } } },
    });
    const struct = (text: string): Buffer =>
      getFlowsResponse.encode({
        flow: {
          extensions: {
            '@type': 'type.googleapis.com/google.protobuf.Struct',
            value: object([name, object([text, 1])]) as Record<string, string>,
          },
        },
      });
    const twice = hubbleJson(Buffer.concat([struct('a'), struct('b')]));
    const text = JSON.stringify(twice);
    expect(text).toContain(`"${name}":{`);
    expect(text).toContain('"b":1');
  });
});
