ALTER TABLE "udesk_sync"."pair" ADD COLUMN "udesk_swept_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "udesk_listed" integer;--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "udesk_capped" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "udesk_sync"."record" ADD COLUMN "unlisted" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "udesk_sync"."record" ADD COLUMN "checked_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "udesk_sync"."record" ADD COLUMN "verified_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "record_unlisted" ON "udesk_sync"."record" USING btree ("pair","checked_at") WHERE unlisted and state = 'live';
--> statement-breakpoint
UPDATE udesk_sync.pair SET udesk_swept_at = udesk_certified_at, udesk_listed = udesk_total WHERE udesk_certified_at IS NOT NULL AND udesk_uncertified IS NULL;
--> statement-breakpoint
-- The same columns as before: what a row is known to be right by is now told for each row.
CREATE OR REPLACE VIEW report.customer AS
SELECT
  r.pair,
  r.remote_id AS udesk_id,
  l.crm_id,
  l.id AS link_id,
  udesk_sync.plain_scalar(r.fields -> 'nick_name') AS nick_name,
  udesk_sync.plain_scalar(r.fields -> 'email') AS email,
  CASE WHEN jsonb_typeof(r.fields -> 'emails') = 'array'
    THEN ARRAY(SELECT udesk_sync.plain(e ->> 'value') FROM jsonb_array_elements(r.fields -> 'emails') e) END AS emails,
  CASE WHEN jsonb_typeof(r.fields -> 'cellphones') = 'array'
    THEN ARRAY(SELECT udesk_sync.plain(e ->> 'value') FROM jsonb_array_elements(r.fields -> 'cellphones') e) END AS cellphones,
  udesk_sync.plain_scalar(r.fields -> 'level') AS level,
  CASE WHEN jsonb_typeof(r.fields -> 'is_blocked') = 'boolean' THEN (r.fields -> 'is_blocked')::boolean END AS is_blocked,
  CASE WHEN jsonb_typeof(r.fields -> 'tags') = 'array'
    THEN ARRAY(SELECT udesk_sync.plain(e ->> 'value') FROM jsonb_array_elements(r.fields -> 'tags') e) END AS tags,
  coalesce(udesk_sync.plain_scalar(r.fields -> 'owner_id'), udesk_sync.plain_scalar(r.fields -> 'owner')) AS owner_id,
  udesk_sync.plain(agent.name) AS owner_name,
  udesk_sync.plain(agent.email) AS owner_email,
  coalesce(udesk_sync.plain_scalar(r.fields -> 'owner_group_id'), udesk_sync.plain_scalar(r.fields -> 'owner_group')) AS owner_group_id,
  udesk_sync.plain(agents.name) AS owner_group_name,
  coalesce(udesk_sync.plain_scalar(r.fields -> 'organization_id'), udesk_sync.plain_scalar(r.fields -> 'organization')) AS organization_id,
  udesk_sync.plain(organization.name) AS organization_name,
  udesk_sync.plain_scalar(r.fields -> 'description') AS description,
  udesk_sync.plain_scalar(r.fields -> 'token') AS token,
  (
    SELECT coalesce(jsonb_object_agg(udesk_sync.plain(substr(f.key, 8)), CASE jsonb_typeof(f.value)
      WHEN 'array' THEN to_jsonb(udesk_sync.plain_set(f.value))
      WHEN 'string' THEN to_jsonb(udesk_sync.plain(f.value #>> '{}'))
      ELSE f.value END), '{}'::jsonb)
    FROM jsonb_each(r.fields) f WHERE starts_with(f.key, 'custom.') AND jsonb_typeof(f.value) IN ('array', 'string', 'boolean')) AS custom,
  r.first_seen_at,
  r.observed_at AS changed_at,
  greatest(r.observed_at, r.verified_at, CASE WHEN NOT r.unlisted THEN p.udesk_swept_at END)::timestamptz(3) AS verified_at,
  greatest(now() - greatest(r.observed_at, r.verified_at, CASE WHEN NOT r.unlisted THEN p.udesk_swept_at END), interval '0') AS age
FROM udesk_sync.record r
LEFT JOIN udesk_sync.pair p ON p.name = r.pair
LEFT JOIN udesk_sync.link l ON l.id = r.link_id AND l.state = 'confirmed'
LEFT JOIN udesk_sync.directory agent
  ON agent.pair = r.pair AND agent.kind = 'agent' AND agent.remote_id = coalesce(r.fields ->> 'owner_id', r.fields ->> 'owner')
LEFT JOIN udesk_sync.directory agents
  ON agents.pair = r.pair AND agents.kind = 'group' AND agents.remote_id = coalesce(r.fields ->> 'owner_group_id', r.fields ->> 'owner_group')
LEFT JOIN udesk_sync.directory organization
  ON organization.pair = r.pair AND organization.kind = 'organization' AND organization.remote_id = coalesce(r.fields ->> 'organization_id', r.fields ->> 'organization')
WHERE r.side = 'udesk' AND r.state = 'live';
--> statement-breakpoint
COMMENT ON COLUMN report.customer.verified_at IS 'Up to when the row is known to be right: the latest of changed_at, the begin of the last enumeration of Udesk that showed the customer, and the last time it was found when it was read on its own.';
--> statement-breakpoint
CREATE OR REPLACE VIEW report.coverage AS
SELECT
  p.name AS pair,
  s.side,
  s.certified_at,
  greatest(now() - s.certified_at, interval '0') AS age,
  udesk_sync.plain(s.uncertified) AS uncertified_reason,
  coalesce(n.live, 0) AS live_records,
  coalesce(n.linked, 0) AS linked_records,
  coalesce(n.deleted, 0) AS deleted_records,
  s.total AS total_on_side,
  s.listed AS listed_records,
  CASE WHEN s.side = 'udesk' THEN coalesce(n.unlisted, 0) END AS unlisted_records,
  CASE WHEN s.side = 'udesk' THEN coalesce(n.missing, 0) END AS missing_records,
  CASE WHEN s.side = 'udesk' THEN least(n.oldest, CASE WHEN n.live > n.unlisted THEN s.swept_at END) END AS oldest_verified_at,
  CASE WHEN s.side = 'udesk' THEN
    greatest(now() - least(n.oldest, CASE WHEN n.live > n.unlisted THEN s.swept_at END), interval '0') END AS oldest_age,
  CASE WHEN s.side = 'udesk' AND s.total IS NOT NULL AND s.listed IS NOT NULL AND NOT (s.capped AND s.total <= s.listed) THEN
    greatest(0, s.total - s.listed - coalesce(n.unlisted - n.missing, 0)) END AS unreachable_records
FROM udesk_sync.pair p
CROSS JOIN LATERAL (VALUES
  ('udesk', p.udesk_certified_at, p.udesk_uncertified, p.udesk_total, p.udesk_listed, p.udesk_swept_at, p.udesk_capped),
  ('crm', p.crm_certified_at, p.crm_uncertified, NULL::integer, NULL::integer, NULL::timestamptz, false)
) AS s (side, certified_at, uncertified, total, listed, swept_at, capped)
LEFT JOIN (
  SELECT r.pair, r.side,
    count(*) FILTER (WHERE r.state = 'live') AS live,
    count(*) FILTER (WHERE r.state = 'live' AND r.link_id IS NOT NULL) AS linked,
    count(*) FILTER (WHERE r.state = 'deleted') AS deleted,
    count(*) FILTER (WHERE r.state = 'live' AND r.unlisted) AS unlisted,
    count(*) FILTER (WHERE r.state = 'live' AND r.unlisted AND r.checked_at > r.verified_at) AS missing,
    min(r.verified_at) FILTER (WHERE r.state = 'live' AND r.unlisted) AS oldest
  FROM udesk_sync.record r
  GROUP BY r.pair, r.side
) n ON n.pair = p.name AND n.side = s.side;
--> statement-breakpoint
COMMENT ON COLUMN report.coverage.listed_records IS 'How many customers the last enumeration of Udesk that came to its end showed: the list ends at 10,000 unless shards are configured. Null for the CRM.';
COMMENT ON COLUMN report.coverage.unlisted_records IS 'Customers that are known and that this enumeration did not show: they are read one by one, the longest unread first. Null for the CRM.';
COMMENT ON COLUMN report.coverage.missing_records IS 'Those of them that were not found, or could not be read, when they were last asked for. That proves no deletion, so they stay. Null for the CRM.';
COMMENT ON COLUMN report.coverage.oldest_verified_at IS 'The oldest verified_at of all live customers: everything in customer is known to be right up to then. Null for the CRM.';
COMMENT ON COLUMN report.coverage.oldest_age IS 'How long ago that is.';
COMMENT ON COLUMN report.coverage.unreachable_records IS 'Customers that Udesk says it holds and that are neither listed nor known: nothing of them is here. Null for the CRM, and when Udesk does not tell how many there are beyond its list.';
