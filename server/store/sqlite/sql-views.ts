/** Views over the store's plain tables, as docs/sql.md lists them. Numbers that are not known are NULL. */
export const SQL_VIEWS = `
CREATE TEMP VIEW gaps AS
SELECT kind, origin, node,
       iso(from_time) AS from_at, from_time AS from_ns, iso(to_time) AS to_at, to_time AS to_ns,
       CAST(nullif(count, '') AS INTEGER) AS lost, reason
FROM store.gaps;

CREATE TEMP VIEW sources AS
SELECT origin, flows, allowed, dropped, audit, error, unknown, CAST(lost AS INTEGER) AS lost,
       CASE WHEN flows > 0 THEN iso(last_observed) END AS last_observed_at,
       CASE WHEN flows > 0 THEN last_observed END AS last_observed_ns,
       iso(saved_at) AS checkpoint_at, saved_at AS checkpoint_ns
FROM store.origins LEFT JOIN store.checkpoints USING (origin);

CREATE TEMP VIEW rejections AS
SELECT origin, reason, count AS records, sample FROM store.rejections;

CREATE TEMP VIEW policy_hits AS
SELECT iso(minute * 60000000000) AS minute_at, minute * 60000000000 AS minute_ns, origin,
       kind, namespace, name, tier, direction, nullif(rule, -1) AS rule,
       allowed, denied, passed, staged,
       iso(first_hit) AS first_hit_at, first_hit AS first_hit_ns,
       iso(last_hit) AS last_hit_at, last_hit AS last_hit_ns
FROM store.policy_minutes JOIN store.policy_rules ON policy_rules.id = rule_id;
`;
