-- Roll-ups have one more cube, of pairs of workloads, which those made before lack. All of them are derived from blocks,
-- and are made again a step at each commit.
DELETE FROM rollup_cubes;
DELETE FROM rollup_filters;
DELETE FROM rollups;
