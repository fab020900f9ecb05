import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nanosFromMillis, parseTime } from '../../../server/core/time.ts';
import { eventually } from '../../support/eventually.ts';
import { startObserver } from '../../support/observer-server.ts';
import { openRelay } from '../../support/open-relay.ts';
import { whole } from '../../support/reconcile.ts';
import { startRingRelay, type RingRelay } from '../../support/ring-relay.ts';
import { storeRelay } from '../../support/stored-relay.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { createTestCa, type TestCa, type TestCertificate } from '../../support/tls.ts';

const SERVER_NAME = 'instance.hubble-relay.cilium.io';

/** TLS files of one side as a mounted secret: paths that stay while what is in them changes. */
function secretAt(folder: string): {
  readonly files: TestCertificate & { readonly ca: string };
  readonly put: (ca: TestCa, pair: TestCertificate) => void;
} {
  mkdirSync(folder);
  const files = {
    ca: join(folder, 'ca.crt'),
    cert: join(folder, 'tls.crt'),
    key: join(folder, 'tls.key'),
  };
  return {
    files,
    put: ({ ca }, { cert, key }) => {
      copyFileSync(ca, files.ca);
      copyFileSync(cert, files.cert);
      copyFileSync(key, files.key);
    },
  };
}

/** Tells a flow of one of two nodes every millisecond or so, until it is stopped. */
function tellAlways(relay: RingRelay): () => void {
  const timer = setInterval(() => {
    relay.tell(`c/node-${relay.told.length % 2}`, { dropped: relay.told.length % 5 === 0 });
  }, 1);
  return () => clearInterval(timer);
}

/** A relay that is read over mTLS, whose client certificate can be renewed. */
async function openRotating() {
  await using parts = new AsyncDisposableStack();
  const ca = parts.use(createTestCa());
  const folder = parts.use(await temporaryDirectory());
  const client = secretAt(join(folder.path, 'client'));
  const renew = (): void => client.put(ca, ca.issue('client.test'));
  renew();
  const relay = parts.use(
    await startRingRelay({ tls: { server: ca.issue(SERVER_NAME), clientCa: ca.ca } }),
  );
  const stored = parts.use(
    await storeRelay(relay, {
      tls: { ...client.files, serverName: SERVER_NAME },
      tlsPollMs: 30,
    }),
  );
  await eventually(() => expect(relay.streams()).toHaveLength(1));
  const held = parts.move();
  return { relay, stored, renew, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

describe('certificates that are renewed while a relay is read (fault 34)', () => {
  test('a new CA and new certificates on both sides lose no flow and store none twice', async () => {
    using before = createTestCa();
    using after = createTestCa();
    await using folder = await temporaryDirectory();
    const server = secretAt(join(folder.path, 'server'));
    const client = secretAt(join(folder.path, 'client'));
    const issue = (ca: TestCa): void => {
      server.put(ca, ca.issue('*.hubble-relay.cilium.io'));
      client.put(ca, ca.issue('ui.hubble-ui.cilium.io'));
    };
    issue(before);
    await using relay = await startRingRelay({
      tls: { server: server.files, clientCa: server.files.ca, rereadMs: 20 },
    });
    await using stored = await storeRelay(relay, {
      tls: { ...client.files, serverName: SERVER_NAME },
      tlsPollMs: 30,
    });
    const stopTelling = tellAlways(relay);
    await eventually(() => expect(stored.store.head()).toBeGreaterThan(50));

    issue(after);
    await eventually(() => expect(relay.streams()).toHaveLength(2));
    await eventually(() => expect(relay.streams()[0]?.cancelled()).toBe(true));
    // Again while the overlap of the first rotation is still being told.
    issue(before);
    await eventually(() => expect(relay.streams()).toHaveLength(3));
    await eventually(() => expect(relay.streams()[1]?.cancelled()).toBe(true));
    const head = stored.store.head();
    await eventually(() => expect(stored.store.head()).toBeGreaterThan(head + 50));
    stopTelling();

    await eventually(async () => expect(await stored.reckon()).toEqual(whole(relay.told.length)));
    expect(await stored.gaps()).toEqual([]);
    expect(stored.failures).toEqual([]);
    expect(stored.reports.filter(({ state }) => state === 'connecting')).toHaveLength(1);
  });

  test('files that do not fit together leave the old connection reading, and are told', async () => {
    using ca = createTestCa();
    await using folder = await temporaryDirectory();
    const client = secretAt(join(folder.path, 'client'));
    client.put(ca, ca.issue('client.test'));
    await using relay = await startRingRelay({
      tls: { server: ca.issue(SERVER_NAME), clientCa: ca.ca },
    });
    await using stored = await storeRelay(relay, {
      tls: { ...client.files, serverName: SERVER_NAME },
      tlsPollMs: 30,
    });
    relay.tell('c/node-0');
    await eventually(() => expect(stored.store.head()).toBe(1));

    const next = ca.issue('client.test');
    copyFileSync(next.cert, client.files.cert);
    const told = (): string => stored.reports.at(-1)?.detail ?? '';
    await eventually(() =>
      expect(told()).toContain('the TLS files have changed and cannot be used'),
    );
    rmSync(client.files.key);
    await eventually(() => expect(told()).toContain(`${client.files.key} cannot be read`));
    relay.tell('c/node-0');
    await eventually(() => expect(stored.store.head()).toBe(2));
    expect(relay.streams()).toHaveLength(1);

    copyFileSync(next.key, client.files.key);
    await eventually(() => expect(relay.streams()).toHaveLength(2));
    relay.tell('c/node-0');
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(3)));
    await eventually(() => expect(told()).not.toContain('TLS'));
    expect(stored.failures).toEqual([]);
  });

  test('a rotation before the first flow, and one of a relay that tells nothing, are followed', async () => {
    await using opened = await openRotating();
    const { relay, stored, renew } = opened;
    renew();
    await eventually(() => expect(relay.streams()).toHaveLength(2));
    await eventually(() => expect(relay.streams()[0]?.cancelled()).toBe(true));
    relay.tell('c/node-0');
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(1)));
    expect(stored.failures).toEqual([]);
  });

  test('flows that look like repeats for ever are told apart over several rotations', async () => {
    await using opened = await openRotating();
    const { relay, stored, renew } = opened;
    const observedAt = nanosFromMillis(Date.now());
    for (let rotations = 1; rotations <= 3; rotations += 1) {
      for (let n = 0; n < 3; n += 1) relay.tell('c/node-0', { observedAt });
      const count = rotations * 3;
      await eventually(async () => expect(await stored.reckon()).toEqual(whole(count)));
      renew();
      await eventually(() => expect(relay.streams()).toHaveLength(rotations + 1));
      await eventually(() => expect(relay.streams().at(-2)?.cancelled()).toBe(true));
    }
    relay.tell('c/node-0');
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(10)));
  });

  test('the end of the client certificate is reported', async () => {
    using ca = createTestCa();
    await using observer = await startObserver({
      tls: { server: ca.issue(SERVER_NAME), clientCa: ca.ca },
    });
    const client = ca.issue('client.test', { days: 20 });
    await using opened = openRelay({
      address: observer.address,
      tls: { ca: ca.ca, ...client, serverName: SERVER_NAME },
    });
    const days = await eventually(() => {
      const expiresAt = opened.reports.at(-1)?.certificateExpiresAt;
      expect(expiresAt).toBeDefined();
      const now = parseTime(new Date().toISOString())!;
      return Number((expiresAt! - now) / 3_600_000_000_000n) / 24;
    });
    expect(days).toBeGreaterThan(19);
    expect(days).toBeLessThan(21);
  });
});

describe('TLS files that cannot be used (fault 35)', () => {
  test('an expired client certificate is named with its day', async () => {
    using ca = createTestCa();
    await using observer = await startObserver({
      tls: { server: ca.issue(SERVER_NAME), clientCa: ca.ca },
    });
    const client = ca.issue('client.test', { days: 0 });
    const { reading } = openRelay({
      address: observer.address,
      tls: { ca: ca.ca, ...client, serverName: SERVER_NAME },
    });
    await reading.ended;
    expect(String(reading.error())).toMatch(/client certificate given for it expired at \d{4}-/);
  });

  test('what is in them never appears in the reason', async () => {
    await using folder = await temporaryDirectory();
    const secret = 'MHcCAQEEIOnlyAFewKnowThis';
    const path = join(folder.path, 'tls.key');
    writeFileSync(
      path,
      `-----BEGIN EC PRIVATE KEY-----\n${secret}\n-----END EC PRIVATE KEY-----\n`,
    );
    const { reading } = openRelay({ address: '127.0.0.1:1', tls: { cert: path, key: path } });
    await reading.ended;
    const error = reading.error() as Error;
    expect(error.message).toContain('the TLS files cannot be used');
    expect([error.message, error.stack, String(error.cause)].join('\n')).not.toContain(secret);
  });

  test('a server name of an agent is accepted for a wildcard of its cluster', async () => {
    using ca = createTestCa();
    const server = ca.issue('*.default.hubble-grpc.cilium.io');
    await using relay = await startRingRelay({ tls: { server } });
    await using stored = await storeRelay(relay, {
      tls: { ca: ca.ca, serverName: 'node-1.default.hubble-grpc.cilium.io' },
    });
    relay.tell('default/node-1');
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(1)));
  });
});
