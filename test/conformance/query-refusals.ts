import { expect } from 'vitest';
import { AppError } from '../../server/core/errors.ts';
import type { Problem } from '../../server/http/contract.ts';
import { openLive, type LiveClient, type TestApi } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { runFlows } from './query-evaluators.ts';

type Refusal = Pick<Problem, 'code' | 'detail' | 'position'>;

/** One way in which a query comes from outside. */
export type Edge = {
  readonly name: string;
  /** Why the query is refused; fails where it is answered. */
  refusalOf(api: TestApi, q: string): Promise<Refusal>;
};

const inUrl: Edge = {
  name: 'GET /api/v1/flows',
  async refusalOf(api, q) {
    const response = await api.get(`/api/v1/flows?q=${encodeURIComponent(q)}`);
    expect(response.status).toBe(400);
    return (await response.json()) as Problem;
  },
};

const inLiveUrl: Edge = {
  name: 'the URL of a live stream',
  async refusalOf(api, q) {
    using viewer = await openLive(api.url, { q });
    const problem = await problemOf(viewer);
    await staysUsable(viewer);
    return problem;
  },
};

export const inMessage: Edge = {
  name: 'a message to a live stream',
  async refusalOf(api, q) {
    using viewer = await openLive(api.url);
    viewer.send({ kind: 'subscribe', id: 1, q });
    const problem = await problemOf(viewer);
    await staysUsable(viewer);
    return problem;
  },
};

const onCommandLine: Edge = {
  name: 'dropwise flows',
  async refusalOf({ store }, q) {
    const error = await runFlows(store, q).catch((thrown: unknown) => thrown);
    if (!(error instanceof AppError)) throw new Error(`not refused: ${String(error)}`);
    const { code, detail, fields } = error;
    return { code, detail, ...fields };
  },
};

export const EDGES: readonly Edge[] = [inUrl, inLiveUrl, inMessage, onCommandLine];

async function problemOf(viewer: LiveClient): Promise<Problem> {
  const [frame] = await eventually(() => {
    expect(viewer.of('error')).toHaveLength(1);
    return viewer.of('error');
  });
  if (frame === undefined) throw new Error('no error came');
  return frame.problem;
}

async function staysUsable(viewer: LiveClient): Promise<void> {
  viewer.send({ kind: 'subscribe', id: 2, q: 'ns:shop' });
  await eventually(() => expect(viewer.of('subscribed').at(-1)).toMatchObject({ id: 2 }));
}
