-- Counts of flows made beforehand, from sealed blocks (docs/block-format.md). All of it is derived: what is deleted is
-- made again, as long as its blocks are kept.
CREATE TABLE rollups (
  -- Never used twice, since readers remember it.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- 0: of neighboring blocks; above: of neighbors of the level below.
  level INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  min_observed INTEGER NOT NULL,
  max_observed INTEGER NOT NULL,
  -- 1 where flows are aggregates over a window, which a histogram spreads.
  aggregated INTEGER NOT NULL,
  UNIQUE (level, first_seq)
) STRICT;

CREATE TABLE rollup_cubes (
  rollup INTEGER NOT NULL REFERENCES rollups (id),
  cube INTEGER NOT NULL,
  columns BLOB NOT NULL,
  PRIMARY KEY (rollup, cube)
) STRICT;

CREATE TABLE rollup_filters (
  rollup INTEGER PRIMARY KEY REFERENCES rollups (id),
  filter BLOB NOT NULL
) STRICT;

-- The rows of policy_minutes of one hour, as columns.
CREATE TABLE policy_hours (
  -- Hours since 1970.
  hour INTEGER PRIMARY KEY,
  columns BLOB NOT NULL
) STRICT;
