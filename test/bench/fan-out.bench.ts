/** How many deliveries a second 100 viewers with equal filters get, as JSON text ready for their sockets. */
import { encodeFlows } from '../../server/http/live-frames.ts';
import { createLiveHub } from '../../server/live/hub.ts';
import type { LiveCommit } from '../../server/live/live-hub.ts';
import { aDrop, aFlow } from '../support/flow.ts';
import { liveCommit, liveQuery } from '../support/live.ts';
import { measure } from '../support/measure.ts';

const VIEWERS = 100;
const FLOWS = 500;
const makeCommit = (): LiveCommit =>
  liveCommit(
    Array.from({ length: FLOWS }, (_, at) =>
      at % 20 === 0 ? aDrop({ destinationPort: at % 7 }) : aFlow({ sourcePort: at }),
    ),
    1,
  );

await measure({
  name: 'live fan-out, 100 viewers',
  unit: 'row deliveries/s',
  rounds: 5,
  run() {
    let delivered = 0;
    const hub = createLiveHub({ nowMs: Date.now });
    const viewers = Array.from({ length: VIEWERS }, () =>
      hub.subscribe(liveQuery(''), { capacity: 4_096, allowedPerSecond: 2_000 }),
    );
    for (let batch = 0; batch < 10; batch += 1) {
      hub.publish(makeCommit());
      for (const viewer of viewers) {
        const { flows: rows } = viewer.take({ rows: 'all' });
        delivered += encodeFlows(batch, rows).length > 0 ? rows.length : 0;
      }
    }
    for (const viewer of viewers) viewer[Symbol.dispose]();
    return Promise.resolve(delivered);
  },
});
