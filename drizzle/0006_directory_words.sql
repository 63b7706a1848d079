ALTER TABLE "udesk_sync"."directory" ADD COLUMN "word" text;--> statement-breakpoint
ALTER TABLE "udesk_sync"."directory" ADD COLUMN "vanished_at" timestamp (3) with time zone;
--> statement-breakpoint
-- Owners, groups and organizations may travel by name. A record then holds the id beside it (owner_id), which comes first.

DROP FUNCTION report.customer_asof(timestamptz);
--> statement-breakpoint
DROP VIEW report.customer;
--> statement-breakpoint
CREATE VIEW report.customer AS
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
  greatest(r.observed_at, p.udesk_certified_at) AS verified_at,
  greatest(now() - greatest(r.observed_at, p.udesk_certified_at), interval '0') AS age
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
COMMENT ON VIEW report.customer IS 'One row per live customer of Udesk, as Udesk was last seen to hold it. A customer that is deleted or merged away in Udesk leaves this view and stays in customer_history; one whose CRM record was deleted stays, without crm_id.';
COMMENT ON COLUMN report.customer.pair IS 'Name of the pair (one Udesk tenant and one CRM) in the configuration.';
COMMENT ON COLUMN report.customer.udesk_id IS 'Id of the customer in Udesk.';
COMMENT ON COLUMN report.customer.crm_id IS 'Id of the same person in the CRM, by the confirmed link; null when there is none, or while the record is being created there.';
COMMENT ON COLUMN report.customer.link_id IS 'The confirmed link, see report.link; null when there is none.';
COMMENT ON COLUMN report.customer.nick_name IS 'Name. In all text of this schema a NUL character is shown as U+2400 and half a surrogate pair as U+FFFD; null stands for null, for a field that was never filled, and for one that Udesk did not return.';
COMMENT ON COLUMN report.customer.email IS 'Primary e-mail address.';
COMMENT ON COLUMN report.customer.emails IS 'All e-mail addresses, the primary one first; null when Udesk never told all of them.';
COMMENT ON COLUMN report.customer.cellphones IS 'All phone numbers as Udesk writes them; null when Udesk never told them.';
COMMENT ON COLUMN report.customer.level IS 'Level as Udesk holds it: normal or vip.';
COMMENT ON COLUMN report.customer.is_blocked IS 'On the blacklist; null when Udesk does not tell.';
COMMENT ON COLUMN report.customer.tags IS 'Tags; null when Udesk never told them.';
COMMENT ON COLUMN report.customer.owner_id IS 'Udesk id of the agent who owns the customer.';
COMMENT ON COLUMN report.customer.owner_name IS 'Name of that agent as the directory was last read; null when it was not.';
COMMENT ON COLUMN report.customer.owner_email IS 'E-mail address of that agent as the directory was last read.';
COMMENT ON COLUMN report.customer.owner_group_id IS 'Udesk id of the agent group that owns the customer.';
COMMENT ON COLUMN report.customer.owner_group_name IS 'Name of that group as the directory was last read.';
COMMENT ON COLUMN report.customer.organization_id IS 'Udesk id of the company of the customer.';
COMMENT ON COLUMN report.customer.organization_name IS 'Name of that company as the directory was last read.';
COMMENT ON COLUMN report.customer.description IS 'Description.';
COMMENT ON COLUMN report.customer.token IS 'The id in an outside system that Udesk keeps for the customer (open_api_token). Udesk writes it, too: evidence, not proof.';
COMMENT ON COLUMN report.customer.custom IS 'Custom fields by their name in Udesk (TextField_1): text, or an array of option values for a selection; those without a value are left out. What they are called: report.custom_field.';
COMMENT ON COLUMN report.customer.first_seen_at IS 'When udesk-sync saw the customer for the first time; it may be older in Udesk.';
COMMENT ON COLUMN report.customer.changed_at IS 'When udesk-sync last saw a change of the customer in Udesk.';
COMMENT ON COLUMN report.customer.verified_at IS 'Up to when the row is known to be right: the later of changed_at and the begin of the last certified enumeration of Udesk, which read every live customer.';
COMMENT ON COLUMN report.customer.age IS 'How long ago that is: Udesk may have changed since.';
--> statement-breakpoint
-- Of every delta later than ts, the oldest tells what the field held at ts: it is aggregated last and wins.
CREATE FUNCTION report.customer_asof(ts timestamptz)
RETURNS TABLE (
  pair text, udesk_id text, crm_id text, nick_name text, email text, emails text[], cellphones text[], level text,
  is_blocked boolean, tags text[], owner_id text, owner_name text, owner_group_id text, owner_group_name text,
  organization_id text, organization_name text, description text, token text, custom jsonb,
  first_seen_at timestamptz, changed_at timestamptz
)
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10000
BEGIN ATOMIC
  WITH later AS (
    SELECT o.pair, o.remote_id, jsonb_object_agg(field.key, field.value -> 0 ORDER BY o.id DESC) AS undo
    FROM udesk_sync.observation o CROSS JOIN LATERAL jsonb_each(o.delta) AS field
    WHERE o.side = 'udesk' AND o.at > ts
    GROUP BY o.pair, o.remote_id
  ), earlier AS (
    SELECT o.pair, o.remote_id, max(o.at) AS at,
      max(o.id) = max(o.id) FILTER (WHERE o.delta -> '*' ->> 1 = 'deleted') AS gone
    FROM udesk_sync.observation o
    WHERE o.side = 'udesk' AND o.at <= ts
    GROUP BY o.pair, o.remote_id
  ), held AS MATERIALIZED ( -- else the fields of then are put together anew for every column
    SELECT r.pair, r.remote_id, r.link_id, r.first_seen_at, greatest(r.first_seen_at, earlier.at) AS changed_at,
      CASE WHEN later.undo IS NULL THEN r.fields ELSE r.fields || later.undo END AS fields
    FROM udesk_sync.record r
    LEFT JOIN later ON later.pair = r.pair AND later.remote_id = r.remote_id
    LEFT JOIN earlier ON earlier.pair = r.pair AND earlier.remote_id = r.remote_id
    WHERE r.side = 'udesk' AND r.first_seen_at <= ts AND earlier.gone IS NOT TRUE
  )
  SELECT
    h.pair,
    h.remote_id,
    l.crm_id,
    udesk_sync.plain_scalar(h.fields -> 'nick_name'),
    udesk_sync.plain_scalar(h.fields -> 'email'),
    CASE WHEN jsonb_typeof(h.fields -> 'emails') = 'array'
    THEN ARRAY(SELECT udesk_sync.plain(e ->> 'value') FROM jsonb_array_elements(h.fields -> 'emails') e) END,
    CASE WHEN jsonb_typeof(h.fields -> 'cellphones') = 'array'
    THEN ARRAY(SELECT udesk_sync.plain(e ->> 'value') FROM jsonb_array_elements(h.fields -> 'cellphones') e) END,
    udesk_sync.plain_scalar(h.fields -> 'level'),
    CASE WHEN jsonb_typeof(h.fields -> 'is_blocked') = 'boolean' THEN (h.fields -> 'is_blocked')::boolean END,
    CASE WHEN jsonb_typeof(h.fields -> 'tags') = 'array'
    THEN ARRAY(SELECT udesk_sync.plain(e ->> 'value') FROM jsonb_array_elements(h.fields -> 'tags') e) END,
    coalesce(udesk_sync.plain_scalar(h.fields -> 'owner_id'), udesk_sync.plain_scalar(h.fields -> 'owner')),
    udesk_sync.plain(agent.name),
    coalesce(udesk_sync.plain_scalar(h.fields -> 'owner_group_id'), udesk_sync.plain_scalar(h.fields -> 'owner_group')),
    udesk_sync.plain(agents.name),
    coalesce(udesk_sync.plain_scalar(h.fields -> 'organization_id'), udesk_sync.plain_scalar(h.fields -> 'organization')),
    udesk_sync.plain(organization.name),
    udesk_sync.plain_scalar(h.fields -> 'description'),
    udesk_sync.plain_scalar(h.fields -> 'token'),
    (
    SELECT coalesce(jsonb_object_agg(udesk_sync.plain(substr(f.key, 8)), CASE jsonb_typeof(f.value)
      WHEN 'array' THEN to_jsonb(udesk_sync.plain_set(f.value))
      WHEN 'string' THEN to_jsonb(udesk_sync.plain(f.value #>> '{}'))
      ELSE f.value END), '{}'::jsonb)
    FROM jsonb_each(h.fields) f WHERE starts_with(f.key, 'custom.') AND jsonb_typeof(f.value) IN ('array', 'string', 'boolean')),
    h.first_seen_at,
    h.changed_at
  FROM held h
  LEFT JOIN udesk_sync.link l ON l.id = h.link_id AND l.created_at <= ts
    AND (l.state = 'confirmed' OR (l.state = 'broken' AND l.changed_at > ts))
  LEFT JOIN udesk_sync.directory agent
    ON agent.pair = h.pair AND agent.kind = 'agent' AND agent.remote_id = coalesce(h.fields ->> 'owner_id', h.fields ->> 'owner')
  LEFT JOIN udesk_sync.directory agents
    ON agents.pair = h.pair AND agents.kind = 'group' AND agents.remote_id = coalesce(h.fields ->> 'owner_group_id', h.fields ->> 'owner_group')
  LEFT JOIN udesk_sync.directory organization
    ON organization.pair = h.pair AND organization.kind = 'organization' AND organization.remote_id = coalesce(h.fields ->> 'organization_id', h.fields ->> 'organization');
END;
--> statement-breakpoint
COMMENT ON FUNCTION report.customer_asof(timestamptz) IS 'The customers as udesk-sync knew them at that time: one row per customer that had been seen and was not deleted then, with the values of then. Columns as in report.customer; changed_at is the last change seen until then. Not kept over time: names of agents, groups and companies are those of now, and crm_id is that of the present link if the link was there at that time.';
--> statement-breakpoint
-- It runs with our rights, and EXECUTE is everybody's unless taken away: `migrate --reporting-role` gives it.
REVOKE ALL ON FUNCTION report.customer_asof(timestamptz) FROM PUBLIC;
