import type { Random } from '../../server/demo/random.ts';
import type { KillPoint } from './kill-points.ts';

/** Every place that is aimed at. */
export const PLACES = ['commit', 'merge', 'seal', 'backfill', 'deletion'] as const;

/** A place to be killed in: at a statement in it, or where its `COMMIT` was not begun yet or just done. */
export type Aim = {
  readonly inside: (typeof PLACES)[number];
  readonly when: 'within' | 'before' | 'after';
};

/** Answers whether to die at a point; it is asked at each in turn. */
export type IsDeath = (point: KillPoint) => boolean;

/** How many of such moments a run is sure to have: statements within, and commits. */
const MOMENTS = {
  commit: { statements: 60, commits: 8 },
  merge: { statements: 12, commits: 6 },
  seal: { statements: 2, commits: 2 },
  backfill: { statements: 2, commits: 1 },
  deletion: { statements: 2, commits: 1 },
} as const;

const AIMS: readonly Aim[] = PLACES.flatMap((inside) =>
  (['within', 'before', 'after'] as const).map((when) => ({ inside, when })),
);
/**
 * More than there are aims: the rest of the seeds dies anywhere. A prime, so that leaving out every fifth seed leaves
 * out no aim.
 */
const CYCLE = 23;

/** Each seed has its aim, so that rare places get their share whatever the seeds are. */
export const aimOf = (seed: number): Aim | undefined => AIMS[seed % CYCLE];

/** Dies at a moment of an aim: with the first seed that has it at the first, then at the next. */
export function atAim({ inside, when }: Aim, seed: number): IsDeath {
  const { statements, commits } = MOMENTS[inside];
  return atMoment(
    { inside, when },
    Math.floor(seed / CYCLE) % (when === 'within' ? statements : commits),
  );
}

/** Dies at a moment of an aim, counted from 0. */
export function atMoment({ inside, when }: Aim, moment: number): IsDeath {
  let left = 1 + moment;
  return (point) => {
    const isCommit = point.sql === 'COMMIT';
    const isRight =
      point.inside === inside && (when === 'within' ? !isCommit : isCommit && point.when === when);
    if (isRight) left -= 1;
    return left <= 0;
  };
}

/** Early points are tried more often than late ones: a run has some thousand. */
export const pickPoint = (random: Random): number =>
  1 + random.below(random.pick([40, 400, 2_000]));

/** Dies at any point, or at an early one of those that any run has. */
export function atAny(random: Random): IsDeath {
  if (random.chance(0.5)) {
    return atMoment(
      random.pick(AIMS.filter(({ inside }) => inside !== 'backfill')),
      random.below(4),
    );
  }
  let left = pickPoint(random);
  return () => {
    left -= 1;
    return left <= 0;
  };
}
