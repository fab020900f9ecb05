-- Denied flows are kept a second time, in blocks of their own, so that they are found fast and kept longer.
CREATE TABLE drop_blocks (
  first_seq INTEGER PRIMARY KEY,
  last_seq INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  level INTEGER NOT NULL,
  min_observed INTEGER NOT NULL,
  max_observed INTEGER NOT NULL,
  max_received INTEGER NOT NULL,
  allowed INTEGER NOT NULL,
  dropped INTEGER NOT NULL,
  audit INTEGER NOT NULL,
  error INTEGER NOT NULL,
  unknown INTEGER NOT NULL,
  columns BLOB NOT NULL
) STRICT;

CREATE TABLE drop_raw_chunks (
  first_seq INTEGER PRIMARY KEY,
  last_seq INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  size INTEGER NOT NULL,
  frame BLOB NOT NULL
) STRICT;

-- What sealed blocks hold, for skipping them (docs/block-format.md). Rows of their own, because a column behind
-- the large one would be read through it.
CREATE TABLE block_filters (
  first_seq INTEGER PRIMARY KEY,
  filter BLOB NOT NULL
) STRICT;

CREATE TABLE drop_block_filters (
  first_seq INTEGER PRIMARY KEY,
  filter BLOB NOT NULL
) STRICT;

-- The hash chain (docs/block-format.md). A seal stays when its block is removed.
CREATE TABLE seals (
  -- 'all' or 'drops': each is a chain of its own, numbered from 1.
  block_set TEXT NOT NULL,
  number INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  min_observed INTEGER NOT NULL,
  max_observed INTEGER NOT NULL,
  -- Decimal text: a sum of uint64.
  lost TEXT NOT NULL,
  schema INTEGER NOT NULL,
  format INTEGER NOT NULL,
  -- SHA-256, lower-case hexadecimal.
  content TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL,
  sealed_at INTEGER NOT NULL,
  -- 0 and empty while the block is kept; not part of what is hashed.
  expired_at INTEGER NOT NULL DEFAULT 0,
  expired_by TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (block_set, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX seals_by_seq ON seals (block_set, first_seq);

-- The first sequence number given after the gap was told, so that each gap belongs to one seal.
ALTER TABLE gaps ADD COLUMN before_seq INTEGER NOT NULL DEFAULT 0;

CREATE INDEX gaps_by_seq ON gaps (before_seq);

-- The drops set holds every denied flow with a greater sequence number; those up to it are still to be copied.
ALTER TABLE store ADD COLUMN drops_after INTEGER NOT NULL DEFAULT 0;

UPDATE store SET drops_after = head;

-- Rises when blocks are removed, or added before others: readers then read the list of blocks again.
ALTER TABLE store ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

-- Observed times up to which retention removed flows; 0 while it removed none.
ALTER TABLE store ADD COLUMN flows_removed_to INTEGER NOT NULL DEFAULT 0;

ALTER TABLE store ADD COLUMN drops_removed_to INTEGER NOT NULL DEFAULT 0;

UPDATE store SET
  flows_removed_to = coalesce((SELECT min(min_observed) FROM blocks), 0),
  drops_removed_to = coalesce((SELECT min(min_observed) FROM blocks), 0)
WHERE head > 0 AND coalesce((SELECT min(first_seq) FROM blocks), 0) <> 1;
