-- What people decide, beside the flows: few rows, written seldom, never removed by retention.
CREATE TABLE drop_marks (
  -- Fingerprint of the drop group.
  key TEXT PRIMARY KEY,
  acknowledged_at INTEGER NOT NULL,
  -- The mark ends here; 0: it stays.
  until INTEGER NOT NULL,
  note TEXT NOT NULL,
  -- Empty while nobody signs in.
  who TEXT NOT NULL
) STRICT;

CREATE TABLE saved_views (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  -- Time range as addresses write it.
  t TEXT NOT NULL,
  -- Column names with commas between; empty: the screen's own.
  cols TEXT NOT NULL,
  sort TEXT NOT NULL,
  shared INTEGER NOT NULL CHECK (shared IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
