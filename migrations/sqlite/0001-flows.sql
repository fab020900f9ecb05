-- What must outlive the newest block: pruning everything does not make sequence numbers start again.
CREATE TABLE store (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  head INTEGER NOT NULL
) STRICT;

INSERT INTO store (id, head) VALUES (1, 0);

-- Column blocks (docs/block-format.md). Sequence ranges are contiguous inside a block and disjoint between blocks.
-- The large column stands last, so that headers are read without it.
CREATE TABLE blocks (
  first_seq INTEGER PRIMARY KEY,
  last_seq INTEGER NOT NULL,
  level INTEGER NOT NULL,
  min_observed INTEGER NOT NULL,
  max_observed INTEGER NOT NULL,
  -- Retention counts from receipt, so that an old capture that is imported today is not gone tomorrow.
  max_received INTEGER NOT NULL,
  allowed INTEGER NOT NULL,
  dropped INTEGER NOT NULL,
  audit INTEGER NOT NULL,
  error INTEGER NOT NULL,
  unknown INTEGER NOT NULL,
  columns BLOB NOT NULL
) STRICT;

-- Records as their sources gave them, in chunks. A chunk lies within one block.
CREATE TABLE raw_chunks (
  first_seq INTEGER PRIMARY KEY,
  last_seq INTEGER NOT NULL,
  size INTEGER NOT NULL,
  frame BLOB NOT NULL
) STRICT;

CREATE TABLE gaps (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  origin TEXT NOT NULL,
  node TEXT NOT NULL,
  from_time INTEGER NOT NULL,
  to_time INTEGER NOT NULL,
  -- Decimal text, since sources count in uint64; empty when nobody could count.
  count TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;

CREATE INDEX gaps_by_end ON gaps (to_time);

CREATE TABLE rejections (
  origin TEXT NOT NULL,
  reason TEXT NOT NULL,
  count INTEGER NOT NULL,
  sample TEXT NOT NULL,
  PRIMARY KEY (origin, reason)
) STRICT, WITHOUT ROWID;

-- Totals since the store was made; retention does not lower them.
CREATE TABLE origins (
  origin TEXT PRIMARY KEY,
  flows INTEGER NOT NULL,
  allowed INTEGER NOT NULL,
  dropped INTEGER NOT NULL,
  audit INTEGER NOT NULL,
  error INTEGER NOT NULL,
  unknown INTEGER NOT NULL,
  -- Of the newest flow; 0 while flows is 0.
  last_observed INTEGER NOT NULL,
  -- Decimal text: a sum of uint64.
  lost TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
  origin TEXT PRIMARY KEY,
  checkpoint TEXT NOT NULL,
  saved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rules that were hit, numbered so that the roll-up's key is short.
CREATE TABLE policy_rules (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  tier TEXT NOT NULL,
  direction TEXT NOT NULL,
  rule INTEGER NOT NULL,
  UNIQUE (kind, namespace, name, tier, direction, rule)
) STRICT;

CREATE TABLE policy_minutes (
  -- Minutes since 1970.
  minute INTEGER NOT NULL,
  rule_id INTEGER NOT NULL REFERENCES policy_rules (id),
  origin TEXT NOT NULL,
  allowed INTEGER NOT NULL,
  denied INTEGER NOT NULL,
  passed INTEGER NOT NULL,
  staged INTEGER NOT NULL,
  first_hit INTEGER NOT NULL,
  last_hit INTEGER NOT NULL,
  PRIMARY KEY (minute, rule_id, origin)
) STRICT, WITHOUT ROWID;
