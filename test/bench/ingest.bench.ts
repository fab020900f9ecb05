/**
 * Flows a second from a relay's socket to the disk: gRPC over loopback, decode, commit. The relay runs in a
 * process of its own on the same machine and sends as fast as flow control lets it.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '../../server/lib/clock.ts';
import { createLogger } from '../../server/lib/log.ts';
import { createIngest } from '../../server/operations/ingest.ts';
import { hubbleRelay } from '../../server/sources/hubble-relay.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { eventually } from '../support/eventually.ts';
import { measure } from '../support/measure.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const FLOWS = 60_000;

const relay = fork(new URL('../support/fast-relay.ts', import.meta.url), [String(FLOWS)]);
const [address] = (await once(relay, 'message')) as [string];

await measure({
  name: 'ingest from relay to disk, plain gRPC',
  unit: 'flows/s',
  rounds: 3,
  async run() {
    await using directory = await temporaryDirectory();
    await using store = await openSqliteStore({ directory: directory.path });
    const clock = systemClock();
    await using ingest = createIngest({
      store,
      publish: () => undefined,
      clock,
      log: createLogger('warn'),
    });
    ingest.add((report) => hubbleRelay({ name: 'relay', address, clock, report }));
    await eventually(
      () => {
        if (store.head() < FLOWS) throw new Error(`only ${store.head()} of ${FLOWS} flows came`);
      },
      { timeoutMs: 120_000, everyMs: 5 },
    );
    return FLOWS;
  },
});
relay.disconnect();
