import type { Clock } from '../lib/clock.ts';
import type { ReportSource } from './flow-source.ts';
import type { GrpcTls } from './transport/grpc-tls.ts';

export type HubbleRelayOptions = {
  readonly name: string;
  /** `host:port`, or `unix:` and the path of an agent's socket. */
  readonly address: string;
  /** Absent: plain text. */
  readonly tls?: GrpcTls | undefined;
  readonly clock: Clock;
  readonly report: ReportSource;
  /** Newest flows per node to ask for on the first start; 1,000 unless told. */
  readonly backlog?: number;
  /** Silence after which the relay is asked whether it is there; a minute unless told. */
  readonly idleMs?: number;
  /** Time between looks at the list of nodes; 30 s unless told. */
  readonly nodePollMs?: number;
  /** Patience with calls that have one answer; 10 s unless told. */
  readonly callTimeoutMs?: number;
  /** Time between looks at the TLS files; 10 s unless told. */
  readonly tlsPollMs?: number;
  /** How long the relay waits for a store that is slow before flows are left out; 2 s unless told. */
  readonly patienceMs?: number;
};
