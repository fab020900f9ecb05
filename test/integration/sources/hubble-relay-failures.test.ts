import { describe, expect, test } from 'vitest';
import { AppError } from '../../../server/core/errors.ts';
import { startObserver } from '../../support/observer-server.ts';
import { openRelay } from '../../support/open-relay.ts';
import { createTestCa } from '../../support/tls.ts';

describe('what keeps a relay from being reached is named (fault 35)', () => {
  test('nothing listens', async () => {
    await using server = await startObserver();
    const { address } = server;
    await server[Symbol.asyncDispose]();
    const { reading } = openRelay({ address });
    await reading.ended;
    expect(String(reading.error())).toContain('nothing listens there');
    expect(String(reading.error())).toContain(`(UNAVAILABLE: connect ECONNREFUSED ${address})`);
  });

  const tlsCases = [
    ['another CA', 'not signed by the CA'],
    ['an expired certificate', 'has expired'],
    ['another name', 'for another name'],
    ['no client certificate', 'client certificate'],
  ] as const;

  test.each(tlsCases)('%s', async (fault, words) => {
    using ca = createTestCa();
    using otherCa = createTestCa();
    const name = 'instance.hubble-relay.cilium.io';
    const days = fault === 'an expired certificate' ? 0 : 1;
    const server = ca.issue(fault === 'another name' ? 'elsewhere.test' : name, { days });
    await using observer = await startObserver({ tls: { server, clientCa: ca.ca } });
    const client = fault === 'no client certificate' ? {} : ca.issue('client.test');
    const { reading } = openRelay({
      address: observer.address,
      tls: { ca: fault === 'another CA' ? otherCa.ca : ca.ca, serverName: name, ...client },
    });
    await reading.ended;
    expect(reading.error()).toBeInstanceOf(AppError);
    expect(String(reading.error())).toContain(words);
  });

  test('a TLS file that is missing is named', async () => {
    const { reading } = openRelay({ address: '127.0.0.1:1', tls: { ca: 'no-such-ca.crt' } });
    await reading.ended;
    expect(String(reading.error())).toContain('no-such-ca.crt cannot be read');
  });
});
