-- Which ends talked to which, from the first flow that this version stored (docs/query.md, `is:new-pair`).
CREATE TABLE pair_ends (
  id INTEGER PRIMARY KEY,
  -- `cluster:namespace/workload`, or what is known of an end that is no workload; never an address.
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE pairs (
  source INTEGER NOT NULL,
  destination INTEGER NOT NULL,
  -- Of the flow that was the first.
  first_seq INTEGER NOT NULL,
  PRIMARY KEY (source, destination)
) STRICT, WITHOUT ROWID;
