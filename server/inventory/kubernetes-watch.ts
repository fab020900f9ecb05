import {
  kindName,
  MAX_INVALID,
  type InvalidObject,
  type InventorySink,
  type InventorySource,
} from '../core/inventory.ts';
import { NANOS_PER_MILLI, nanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import type { KubeConfigOptions } from './kube-config.ts';
import { KINDS } from './kinds.ts';
import { watchKind, type KindNews } from './watch-kind.ts';

export type KubernetesWatchOptions = KubeConfigOptions & {
  readonly name: string;
  /** As objects name it; empty where nobody said. */
  readonly cluster: string;
  readonly clock: Clock;
  /** After which a kind that the cluster lacks is looked for again. Default five minutes. */
  readonly recheckMs?: number;
  /** Default one second; it grows to half a minute. */
  readonly firstRetryMs?: number;
  /** A stream that was open for so long was understood, though it may have told nothing. Default half a minute. */
  readonly steadyMs?: number;
};

const MAX_REASONS = 3;

/** Lists and watches every kind of `KINDS` in one cluster. It never writes to it. */
export function kubernetesWatch(options: KubernetesWatchOptions): InventorySource {
  const { name, cluster, clock } = options;
  const { recheckMs = 300_000, firstRetryMs = 1_000, steadyMs = 30_000 } = options;
  return {
    name,
    kind: 'kubernetes',
    cluster,
    target: options.context ?? options.kubeconfig,
    how: 'watched',
    async run(sink, signal) {
      // The client is a megabyte of code, which nobody waits for who watches no cluster.
      const { createKubeAccess } = await import('./kube-access.ts');
      const access = createKubeAccess(options);
      const board = createNewsBoard(sink, clock);
      await Promise.all(
        KINDS.map((row) =>
          watchKind(
            {
              ...{ row, access, cluster, sink, clock, recheckMs, firstRetryMs, steadyMs },
              news: (news) => board.tell(kindName(row), news),
              invalid: board.invalid,
            },
            signal,
          ),
        ),
      );
    },
  };
}

type NewsBoard = {
  tell(kind: string, news: KindNews): void;
  invalid(where: string, reason: string): void;
};

/** Makes one state of those of all kinds: the worst, with the reasons of all, each once. */
function createNewsBoard(sink: InventorySink, clock: Clock): NewsBoard {
  const states = new Map<string, KindNews>(
    KINDS.map((row) => [kindName(row), { state: 'connecting' }]),
  );
  const invalid = new Map<string, InvalidObject>();
  const publish = (): void => {
    const news = [...states.entries()];
    const retrying = news.flatMap(([, each]) => (each.state === 'retrying' ? [each] : []));
    const nextMs = Math.min(...retrying.map(({ retryInMs }) => retryInMs));
    const skipped = news.flatMap(([kind, each]) =>
      each.state === 'skipped' ? [{ kind, reason: each.reason }] : [],
    );
    const isConnecting = news.some(([, { state }]) => state === 'connecting');
    const isAtWork = retrying.length === 0 && skipped.length < news.length;
    const blocking = isAtWork || retrying.length > 0 ? retrying : skipped;
    const reasons = new Set(blocking.map(({ reason }) => reason));
    sink.news({
      state: !isAtWork ? 'retrying' : isConnecting ? 'connecting' : 'reading',
      detail: isAtWork ? '' : [...reasons].slice(0, MAX_REASONS).join('; '),
      retryAt:
        retrying.length === 0
          ? undefined
          : nanos(clock.now() + BigInt(Math.ceil(nextMs)) * NANOS_PER_MILLI),
      skipped,
    });
  };
  /** While a cluster cannot be reached, nobody knows that it still lacks what it lacked. */
  const loseAbsent = (): void => {
    for (const [kind, { state }] of states) if (state === 'skipped') sink.lost(kind);
  };
  return {
    tell(kind, news) {
      if (states.get(kind)?.state === 'reading' && news.state === 'reading') return;
      states.set(kind, news);
      if (news.state === 'retrying') loseAbsent();
      publish();
    },
    invalid(where, reason) {
      if (invalid.size >= MAX_INVALID) return;
      invalid.set(where, { where, reason });
      sink.news({ invalid: [...invalid.values()] });
    },
  };
}
