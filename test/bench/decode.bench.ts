/** Records decoded to flows a second, on one core: `node test/bench/decode.bench.ts`. */
import { nanos } from '../../server/core/time.ts';
import { calicoLines } from '../../server/sources/calico-line.ts';
import { createHubbleDecoder } from '../../server/sources/decode/hubble.ts';
import { hubbleJsonForDecoding } from '../../server/sources/decode/hubble-json.ts';
import { hubbleLines } from '../../server/sources/hubble-line.ts';
import { getFlowsResponse } from '../../server/sources/hubble-proto.ts';
import type { LineDecoder } from '../../server/sources/line-decoder.ts';
import { measure } from '../support/measure.ts';
import { sampleLines } from '../support/samples.ts';

const COUNT = 40_000;
const ROUNDS = 5;
const RECEIVED = nanos(1_800_000_000_000_000_000n);

type Record = { flow?: { time?: string; uuid?: string; l4?: object } };

/** Real records over and over, each with a time, a uuid and a port of its own as live ones have. */
function hubbleRecords(): Record[] {
  const files = [
    'trace-1.20',
    'policy-verdict-audit',
    'audit-then-enforced-drop-pairs',
    'trace-tcp',
  ];
  const samples = files
    .flatMap((name) => sampleLines(`hubble/${name}.jsonl`))
    .map((line) => JSON.parse(line) as Record);
  return Array.from({ length: COUNT }, (_, at) => {
    const record = structuredClone(samples[at % samples.length] ?? {});
    if (record.flow === undefined) return record;
    const fraction = String(at).padStart(9, '0');
    record.flow.time = `2026-01-02T03:04:05.${fraction}Z`;
    record.flow.uuid = `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
    record.flow.l4 = { TCP: { source_port: 32_768 + (at % 28_000), destination_port: 443 } };
    return record;
  });
}

function decodeMessages(messages: readonly Buffer[]): number {
  const decode = createHubbleDecoder({ origin: 'bench' });
  let count = 0;
  for (const message of messages) {
    const json = hubbleJsonForDecoding(message);
    if (!json.ok) throw new Error(json.reason);
    const raw = { format: 'hubble-protobuf', bytes: message } as const;
    const result = decode({ record: json.record, raw, receivedAt: RECEIVED });
    if (result.ok && result.kind === 'flow') count += 1;
  }
  return count;
}

function decodeLines(decode: LineDecoder, lines: readonly string[]): number {
  let count = 0;
  for (const [offset, text] of lines.entries()) {
    const place = { file: 'bench', offset, always: false };
    const bytes = Buffer.from(text);
    if (decode({ text, bytes, place, receivedAt: RECEIVED }).flow !== undefined) count += 1;
  }
  return count;
}

const records = hubbleRecords();
const messages = records.map((record) => getFlowsResponse.encode(record as never));
const hubbleText = records.map((record) => JSON.stringify(record));
const calicoSamples = sampleLines('calico/constructed-flows.jsonl');
const calicoText = Array.from(
  { length: COUNT },
  (_, at) => calicoSamples[at % calicoSamples.length] ?? '',
);

const bench = (name: string, unit: string, run: () => number): Promise<void> =>
  measure({ name, unit, rounds: ROUNDS, run: () => Promise.resolve(run()) });

await bench('decode hubble protobuf', 'messages/s', () => decodeMessages(messages));
await bench('decode hubble json', 'lines/s', () =>
  decodeLines(hubbleLines('bench', ''), hubbleText),
);
await bench('decode calico json', 'lines/s', () =>
  decodeLines(calicoLines('bench', 'node'), calicoText),
);
