-- Objects of clusters and manifests, with their history. Each distinct content is kept once.
CREATE TABLE object_contents (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  -- Compressed JSON with its fields in order.
  body BLOB NOT NULL
) STRICT;

CREATE TABLE object_keys (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  -- Of the object: cluster, group, kind, namespace and name, one a line.
  key TEXT NOT NULL,
  UNIQUE (key, source)
) STRICT;

-- What an object was from one time to another; times are nanoseconds.
CREATE TABLE object_versions (
  id INTEGER PRIMARY KEY,
  key_id INTEGER NOT NULL REFERENCES object_keys (id),
  content_id INTEGER NOT NULL REFERENCES object_contents (id),
  from_at INTEGER NOT NULL,
  -- The largest integer while the object is there.
  until_at INTEGER NOT NULL,
  how TEXT NOT NULL,
  -- Second in the middle of the span, by which a time finds the spans around it (see interval-node.ts); 0 while open.
  node INTEGER NOT NULL,
  -- Whether it goes by the shorter retention.
  short INTEGER NOT NULL CHECK (short IN (0, 1))
) STRICT;

CREATE INDEX object_versions_key ON object_versions (key_id, from_at);
CREATE INDEX object_versions_content ON object_versions (content_id);
CREATE INDEX object_versions_left ON object_versions (node, until_at);
CREATE INDEX object_versions_right ON object_versions (node, from_at);
CREATE INDEX object_versions_age ON object_versions (short, until_at);

-- Spans through which a source told all objects of a kind.
CREATE TABLE object_coverage (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  cluster TEXT NOT NULL,
  kind TEXT NOT NULL,
  from_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL
) STRICT;

CREATE INDEX object_coverage_source ON object_coverage (source, kind, until_at);
CREATE INDEX object_coverage_until ON object_coverage (until_at);
