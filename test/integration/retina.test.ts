import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SOURCE_LIMITS } from '../../server/core/source-limits.ts';
import type { SourceJson, SourcesResponse } from '../../server/http/contract.ts';
import { getFlowsResponse } from '../../server/sources/hubble-proto.ts';
import type { JsonObject } from '../../server/sources/json-value.ts';
import { runDropwise, serveDropwise } from '../support/dropwise.ts';
import { eventually } from '../support/eventually.ts';
import { startObserver } from '../support/observer-server.ts';
import { sampleLines, samplePath } from '../support/samples.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const RETINA = 'hubble/synthetic-retina.jsonl';

test("a relay that tells Retina's records is a source of its own kind, which says what it cannot", async () => {
  await using retina = await startObserver({
    onStream: (stream) => {
      for (const line of sampleLines(RETINA)) {
        stream.send(getFlowsResponse.encode(JSON.parse(line) as JsonObject));
      }
    },
  });
  await using cilium = await startObserver({
    onStream: (stream) => {
      for (const line of sampleLines('hubble/conversation-tcp-1.jsonl')) {
        stream.send(getFlowsResponse.encode(JSON.parse(line) as JsonObject));
      }
    },
  });
  await using directory = await temporaryDirectory();
  const data = join(directory.path, 'data');
  const relays = [
    `--hubble-relay=azure=${retina.address}`,
    `--hubble-relay=east=${cilium.address}`,
  ];
  await using server = await serveDropwise(['serve', '--port', '0', '--data', data, ...relays]);
  const sources = await eventually(async () => {
    const answer = await fetch(`${server.url}api/v1/sources`);
    const found = ((await answer.json()) as SourcesResponse).sources;
    expect(found.every(({ stored }) => stored > 0)).toBe(true);
    return new Map(found.map((source) => [source.name, source]));
  });
  expect(sources.get('azure')).toMatchObject({ kind: 'retina', limits: SOURCE_LIMITS.retina });
  expect(sources.get('east')).toMatchObject({ kind: 'hubble-relay', limits: [] });
});

test('what was imported is known too, and the command says it in words', async () => {
  await using directory = await temporaryDirectory();
  const data = join(directory.path, 'data');
  await runDropwise(['import', '--data', data, samplePath(RETINA)]);
  const json = await runDropwise(['sources', '--data', data, '-o', 'json']);
  const source = JSON.parse(json.stdout) as SourceJson;
  expect(source).toMatchObject({ kind: 'retina', limits: SOURCE_LIMITS.retina });
  const { stdout } = await runDropwise(['sources', '--data', data]);
  expect(stdout).toMatch(/ retina /);
  expect(stdout).toContain(`${source.name} cannot say:\n  no policy and no rule: Azure NPM`);
});
