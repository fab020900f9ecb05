-- Hits that no record names, found by weighing flows against the policies of their time. They stand beside those that
-- the store of flows counts as reported, and are never among them.
CREATE TABLE evaluated_rules (
  id INTEGER PRIMARY KEY,
  -- Name and kind are empty for decisions that are nobody's; `rule` then says why.
  kind TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  tier TEXT NOT NULL,
  direction TEXT NOT NULL,
  -- Where the rule stands in the manifest; empty for the policy as a whole, `default` where none of its rules matched.
  rule TEXT NOT NULL,
  -- 1: the record names the policy, whose hit is counted as reported; only the rule was found by weighing.
  named INTEGER NOT NULL CHECK (named IN (0, 1)),
  UNIQUE (kind, namespace, name, tier, direction, rule, named)
) STRICT;

CREATE TABLE evaluated_hours (
  rule_id INTEGER NOT NULL REFERENCES evaluated_rules (id),
  -- Hours since 1970.
  hour INTEGER NOT NULL,
  -- Minutes of the hour in which there were some, with their counts (evaluated-minutes.ts); the columns are their sums.
  minutes BLOB NOT NULL,
  allowed INTEGER NOT NULL,
  denied INTEGER NOT NULL,
  staged INTEGER NOT NULL,
  -- Of the denied and staged ones, those that are the hits of other policies too.
  shared INTEGER NOT NULL,
  first_hit INTEGER NOT NULL,
  last_hit INTEGER NOT NULL,
  PRIMARY KEY (rule_id, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX evaluated_hours_age ON evaluated_hours (hour);

-- How far flows were weighed.
CREATE TABLE evaluated_mark (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- Sequence number of the last flow that was.
  seq INTEGER NOT NULL,
  -- When it began: what was committed long before was never weighed; 0 where nothing was.
  since_at INTEGER NOT NULL,
  -- All that was committed until then is weighed.
  until_at INTEGER NOT NULL,
  -- JSON: clusters whose agents tell policy verdicts, so that their drops count no second time.
  verdicts_of TEXT NOT NULL
) STRICT;
