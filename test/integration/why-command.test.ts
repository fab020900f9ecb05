import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Explanation } from '../../server/core/explanation.ts';
import { createLogger } from '../../server/lib/log.ts';
import { openControl } from '../../server/store/control/open-control.ts';
import { runDropwise } from '../support/dropwise.ts';
import { networkPolicy, seen } from '../support/objects.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { clock, namespaceOf } from '../support/why-world.ts';

const end = (app: string, identity: number) => ({
  ...{ ID: identity, identity, namespace: 'shop', pod_name: `${app}-0` },
  labels: [`k8s:app=${app}`, 'k8s:io.kubernetes.pod.namespace=shop'],
  workloads: [{ name: app, kind: 'Deployment' }],
});

const RECORD = {
  flow: {
    time: '2026-05-03T12:04:31Z',
    ...{ verdict: 'DROPPED', drop_reason: 133, drop_reason_desc: 'POLICY_DENIED' },
    IP: { source: '10.0.1.6', destination: '10.0.1.2', ipVersion: 'IPv4' },
    l4: { TCP: { source_port: 40_000, destination_port: 6379, flags: { SYN: true } } },
    ...{ source: end('checkout', 2001), destination: end('redis', 2002), Type: 'L3_L4' },
    ...{ node_name: 'east/node-1', event_type: { type: 1, sub_type: 133 } },
    traffic_direction: 'INGRESS',
  },
};

const POLICY = `# Who may talk to the cart store.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: redis, namespace: shop }
spec:
  podSelector: {matchLabels: {app: redis}}
  ingress:
    - from:
        - podSelector: { matchLabels: { app: cart } } # carts
      ports: [{ port: 6379 }]
`;

/** A data directory with one drop, and a folder of manifests beside it. */
async function openCapture() {
  const directory = await temporaryDirectory();
  const [data, folder] = [join(directory.path, 'data'), join(directory.path, 'manifests')];
  const file = join(directory.path, 'capture.json');
  mkdirSync(folder);
  writeFileSync(file, `${JSON.stringify(RECORD)}\n`);
  writeFileSync(join(folder, 'redis.yaml'), POLICY);
  expect((await runDropwise(['import', file, '--data', data])).code).toBe(0);
  const why = (...args: string[]) => runDropwise(['why', ...args, '--data', data]);
  return { data, folder, why, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

/** Read alone. */
let files: Awaited<ReturnType<typeof openCapture>>;

beforeAll(async () => {
  files = await openCapture();
});

afterAll(async () => {
  await files[Symbol.asyncDispose]();
});

describe('dropwise why', () => {
  test('works on files alone, and its diff is one of the file as it is written', async () => {
    const { code, stdout } = await files.why('to.wl:redis', '--policies', files.folder);
    expect(code).toBe(0);
    expect(stdout).toContain('1 policy selects shop/redis for ingress');
    expect(stdout).toContain('✗ app=cart expected, app=checkout found  redis.yaml:9\n');
    expect(stdout).toContain('selects  NetworkPolicy shop/redis  redis.yaml:2');
    expect(stdout).toContain('✗ allow  NetworkPolicy shop/redis spec.ingress[0]  redis.yaml:8\n');
    expect(stdout).toContain(`--- a/redis.yaml
+++ b/redis.yaml
@@ -7,4 +7,7 @@
   ingress:
     - from:
         - podSelector: { matchLabels: { app: cart } } # carts
+        - podSelector:
+            matchLabels:
+              app: checkout
       ports: [{ port: 6379 }]
`);
  });

  test('takes the policies of the time from the history that a server left', async () => {
    await using watched = await openCapture();
    {
      using control = openControl({ directory: watched.data, log: createLogger('silent') });
      const object = seen(networkPolicy('deny', { policyTypes: ['Ingress'] }));
      const stays = seen(namespaceOf('shop'));
      control.objects.record('east', [
        { kind: 'present', object: stays, at: clock('11:00:00'), how: 'watched' },
        { kind: 'present', object, at: clock('12:00:00'), how: 'watched' },
        { kind: 'gone', key: object.key, at: clock('13:00:00') },
      ]);
      const [from, until] = [clock('11:00:00'), clock('14:00:00')];
      const kind = 'NetworkPolicy.networking.k8s.io';
      control.objects.cover([{ source: 'east', cluster: '', kind, from, until }]);
    }
    const told = async (...args: string[]): Promise<Explanation> => {
      const { code, stdout } = await watched.why('1', '-o', 'json', ...args);
      expect(code).toBe(0);
      return JSON.parse(stdout) as Explanation;
    };
    expect(await told()).toMatchObject({ provenance: 'evaluated', against: { policies: 1 } });
    const now = await told('--as-of', 'now');
    // That today's policies decide otherwise is the answer, and no disagreement.
    expect(now).toMatchObject({ provenance: 'evaluated', conflict: [] });
    expect(now.against).toMatchObject({ of: 'now', policies: 0 });
    expect(now.headline).toContain("Was dropped by policy; today's policies would allow it");
    const earlier = await told('--as-of', '2026-05-03T11:30:00Z');
    expect(earlier.ends.map(({ reason }) => reason)).toEqual(['no-policy', 'no-policy']);
  });

  test('says that no policies are known, and explains what the record says', async () => {
    const { code, stdout } = await files.why('1');
    expect(code).toBe(0);
    expect(stdout).toContain('no policies are known for that time');
  });

  test.each([
    ['no such number', ['999'], 1, "no flow has the number '999'"],
    ['no such drop', ['ns:nowhere'], 1, "no stored drop matches 'ns:nowhere'"],
    ['a query that cannot be read', ['port:nope'], 2, 'port'],
    ['a time that is none', ['1', '--as-of', 'never'], 2, "'never' is neither"],
    ['a folder that is not there', ['1', '--policies', '/no/such/folder'], 2, '/no/such/folder'],
    ['two sets of policies', ['1', '--as-of', 'now', '--policies', '.'], 2, 'do not go together'],
  ])('%s', async (_, args, exit, message) => {
    const { code, stderr } = await files.why(...args);
    expect(code).toBe(exit);
    expect(stderr).toContain(message);
  });
});
