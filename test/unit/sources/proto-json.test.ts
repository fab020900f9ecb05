import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hubbleBytesToJson, hubbleJson } from '../../../server/sources/decode/hubble-json.ts';
import {
  getFlowsRequest,
  getFlowsResponse,
  getNodesResponse,
  serverStatusResponse,
} from '../../../server/sources/hubble-proto.ts';
import { wireVectors } from '../../support/samples.ts';

const vectors = wireVectors();
const printable = vectors.filter(({ json }) => json !== null);

/** The JSON as text would carry it, so that absent and undefined are the same. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

describe('protobuf to JSON', () => {
  test.each(printable)('$name reads as the Go encoder writes it', ({ json, pb }) => {
    expect(plain(getFlowsResponse.decode(Buffer.from(pb, 'base64')))).toEqual(json);
  });

  test('an extension of a type that is not known is shown as base64 and fails nothing', () => {
    const vector = vectors.find(({ json }) => json === null);
    const record = hubbleBytesToJson(Buffer.from(vector!.pb, 'base64'));
    expect(record).toMatchObject({
      flow: { extensions: { '@type': 'type.googleapis.com/utils.RetinaMetadata', value: 'CNIJ' } },
    });
  });

  test.each(vectors)('$name is the same after encoding and decoding again', ({ pb }) => {
    const record = getFlowsResponse.decode(Buffer.from(pb, 'base64'));
    expect(getFlowsResponse.decode(getFlowsResponse.encode(record))).toEqual(record);
  });

  test('zero values that an encoder wrote explicitly are left out', () => {
    // flow { verdict: 0, uuid: "", proxy_port: 0 }
    const flow = [0x10, 0x00, 0x92, 0x02, 0x00, 0xe8, 0x01, 0x00];
    expect(getFlowsResponse.decode(Buffer.from([0x0a, flow.length, ...flow]))).toEqual({
      flow: {},
    });
  });

  test('two occurrences of one message are one message', () => {
    const verdict = [0x0a, 0x02, 0x10, 0x02];
    const port = [0x0a, 0x03, 0xe8, 0x01, 0x07];
    expect(getFlowsResponse.decode(Buffer.from([...verdict, ...port]))).toEqual({
      flow: { verdict: 'DROPPED', proxy_port: 7 },
    });
  });

  test('a time outside the years 1 to 9999 shows its numbers', () => {
    const far = Buffer.from('0a0d0a0b08ffffffffffffff7f1001', 'hex');
    const read = hubbleJson(far);
    expect(read).toMatchObject({ ok: true });
  });

  test('any mutation of a message decodes or is refused with a reason (fault 33)', () => {
    const bytes = vectors.map(({ pb }) => Buffer.from(pb, 'base64'));
    fc.assert(
      fc.property(
        fc.constantFrom(...bytes),
        fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { maxLength: 4 }),
        fc.nat(4000),
        (original, changes, cut) => {
          const mutated = Buffer.from(original);
          for (const [at, value] of changes) if (at < mutated.length) mutated[at] = value;
          const read = hubbleJson(mutated.subarray(0, Math.max(1, mutated.length - cut)));
          expect(read.ok || read.reason.startsWith('not protobuf: ')).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['cut short', '0a0510'],
    ['text is not UTF-8', '0a069202' + '03fffefd'],
    ['nested too deeply', '0b'.repeat(200)],
    ['a number is longer than ten bytes', '0a0c10' + 'ff'.repeat(11)],
  ])('bytes that are %s are refused (fault 33)', (words, hex) => {
    expect(hubbleJson(Buffer.from(hex, 'hex'))).toMatchObject({
      ok: false,
      reason: expect.stringContaining(words) as string,
    });
  });
});

describe('the calls of the Observer', () => {
  test('a request keeps what was asked', () => {
    const request = { number: '18446744073709551615', follow: true, since: '2026-01-02T03:04:05Z' };
    expect(getFlowsRequest.decode(getFlowsRequest.encode(request))).toEqual(request);
  });

  test('node counts of zero are told from absent ones', () => {
    const told = { version: '1.19', num_connected_nodes: 0, flows_rate: 1.5, max_flows: '8190' };
    expect(serverStatusResponse.decode(serverStatusResponse.encode(told))).toEqual(told);
    expect(serverStatusResponse.decode(Buffer.alloc(0))).toEqual({});
  });

  test('nodes keep their states, newer ones as numbers', () => {
    const nodes = [
      { name: 'c/n', state: 'NODE_CONNECTED', tls: { enabled: true, server_name: 'x' } },
      { name: 'c/m', state: 9 },
    ];
    expect(getNodesResponse.decode(getNodesResponse.encode({ nodes }))).toEqual({ nodes });
  });
});
