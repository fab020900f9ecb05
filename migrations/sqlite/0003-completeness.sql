-- What is known of how completely each source was read (docs/completeness.md), beside what gaps tell.
CREATE TABLE ledger_spans (
  id INTEGER PRIMARY KEY,
  origin TEXT NOT NULL,
  -- Empty: the whole source.
  node TEXT NOT NULL,
  -- expected: it was configured; watched: it was read; aggregated: its records are aggregates (value: the longest
  -- window in nanoseconds, 0 when not told); skewed: a clock is off (value: milliseconds); rejected: records that
  -- could not be read (value: how many).
  kind TEXT NOT NULL CHECK (kind IN ('expected', 'watched', 'aggregated', 'skewed', 'rejected')),
  from_time INTEGER NOT NULL,
  to_time INTEGER NOT NULL,
  value INTEGER NOT NULL
) STRICT;

CREATE INDEX ledger_spans_by_end ON ledger_spans (to_time);
CREATE INDEX ledger_spans_by_place ON ledger_spans (origin, kind, node, to_time);
