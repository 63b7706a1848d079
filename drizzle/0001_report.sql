-- The reporting schema: what analysts may read and rely on (docs/reporting.md). Views only, and one function.
--
-- The views belong to us, so that their readers need no right on udesk_sync. A later migration that changes a column
-- which a view reads drops that view and makes it again, comments included; names and meanings here stay.

CREATE SCHEMA report;
--> statement-breakpoint
COMMENT ON SCHEMA report IS 'What udesk-sync knows, for reading: docs/reporting.md. Stable across releases; the schema udesk_sync is not.';
--> statement-breakpoint

-- How stored values become SQL values. These stand in udesk_sync because nobody needs to name them: a view calls them
-- by their identity. The planner puts plain and plain_scalar in place of their calls; plain_set and plain_text cost some
-- microseconds each, so a view that needs a set for every row spells it out.

CREATE FUNCTION udesk_sync.plain(stored text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN strpos(stored, U&'\F8FF') = 0 THEN stored
  -- U+F8FF itself last: what it uncovers must not be taken for a mark.
  ELSE replace(regexp_replace(replace(stored, U&'\F8FF0000', U&'\2400'), U&'\F8FFd[89a-f][0-9a-f]{2}', U&'\FFFD', 'g'), U&'\F8FFf8ff', U&'\F8FF')
END;
--> statement-breakpoint
COMMENT ON FUNCTION udesk_sync.plain(text) IS 'Text without the marks of src/store/jsonb.ts: NUL is shown as U+2400, half a surrogate pair as U+FFFD.';
--> statement-breakpoint
CREATE FUNCTION udesk_sync.plain_scalar(stored jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(stored) IN ('string', 'boolean', 'number') THEN udesk_sync.plain(stored #>> '{}') END;
--> statement-breakpoint
COMMENT ON FUNCTION udesk_sync.plain_scalar(jsonb) IS 'A scalar as text; null for null, for a field that was never filled, and for a set.';
--> statement-breakpoint
CREATE FUNCTION udesk_sync.plain_set(stored jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(stored) = 'array'
  THEN ARRAY(SELECT udesk_sync.plain(element ->> 'value') FROM jsonb_array_elements(stored) AS element) END;
--> statement-breakpoint
COMMENT ON FUNCTION udesk_sync.plain_set(jsonb) IS 'The values of a set in the order held; null when it is not a set.';
--> statement-breakpoint
CREATE FUNCTION udesk_sync.plain_text(stored jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(stored) = 'array'
  THEN array_to_string(udesk_sync.plain_set(stored), ', ') ELSE udesk_sync.plain_scalar(stored) END;
--> statement-breakpoint
COMMENT ON FUNCTION udesk_sync.plain_text(jsonb) IS 'Any value as one text; the elements of a set are joined by a comma.';
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
  udesk_sync.plain_scalar(r.fields -> 'owner') AS owner_id,
  udesk_sync.plain(agent.name) AS owner_name,
  udesk_sync.plain(agent.email) AS owner_email,
  udesk_sync.plain_scalar(r.fields -> 'owner_group') AS owner_group_id,
  udesk_sync.plain(agents.name) AS owner_group_name,
  udesk_sync.plain_scalar(r.fields -> 'organization') AS organization_id,
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
  ON agent.pair = r.pair AND agent.kind = 'agent' AND agent.remote_id = r.fields ->> 'owner'
LEFT JOIN udesk_sync.directory agents
  ON agents.pair = r.pair AND agents.kind = 'group' AND agents.remote_id = r.fields ->> 'owner_group'
LEFT JOIN udesk_sync.directory organization
  ON organization.pair = r.pair AND organization.kind = 'organization' AND organization.remote_id = r.fields ->> 'organization'
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

-- What came before and after a change is looked up by its record, and only when it is asked for: a week of a long history
-- costs as much as a week. No ORDER BY id LIMIT 1 in here, for which the planner might walk the table's primary key.
CREATE VIEW report.customer_history AS
WITH change AS (
  SELECT o.pair, o.side, o.remote_id, o.id, o.lane, o.run_id, o.at, field.key AS field, field.value -> 0 AS old, field.value -> 1 AS new
  FROM udesk_sync.observation o CROSS JOIN LATERAL jsonb_each(o.delta) AS field
  UNION ALL
  -- A record that was deleted and is seen again: its observation does not say so.
  SELECT o.pair, o.side, o.remote_id, again.id[1], again.lane[1], again.run_id[1], again.at[1], '*', '"deleted"'::jsonb, '"live"'::jsonb
  FROM udesk_sync.observation o CROSS JOIN LATERAL (
    SELECT array_agg(n.id ORDER BY n.id) AS id, array_agg(n.lane ORDER BY n.id) AS lane,
      array_agg(n.run_id ORDER BY n.id) AS run_id, array_agg(n.at ORDER BY n.id) AS at
    FROM udesk_sync.observation n
    WHERE n.pair = o.pair AND n.side = o.side AND n.remote_id = o.remote_id AND n.id > o.id
  ) again
  WHERE o.delta ? '*' AND again.id IS NOT NULL
  UNION ALL
  SELECT r.pair, r.side, r.remote_id, 0, NULL, NULL, r.first_seen_at, '*', NULL, '"live"'::jsonb
  FROM udesk_sync.record r
)
SELECT
  c.pair,
  CASE WHEN c.side = 'udesk' THEN c.remote_id ELSE l.udesk_id END AS udesk_id,
  CASE WHEN c.side = 'crm' THEN c.remote_id ELSE l.crm_id END AS crm_id,
  c.side,
  c.remote_id AS record_id,
  c.field,
  udesk_sync.plain_text(c.old) AS old,
  udesk_sync.plain_text(c.new) AS new,
  c.at AS valid_from,
  (
    SELECT min(n.at) FROM udesk_sync.observation n
    WHERE n.pair = c.pair AND n.side = c.side AND n.remote_id = c.remote_id AND n.id > c.id
      AND (n.delta ?| ARRAY[c.field, '*'] OR (c.field = '*' AND c.new = '"deleted"'))
  ) AS valid_to,
  CASE WHEN own.write THEN 'udesk-sync' WHEN author.named OR author.people = 1 THEN author.name END AS who,
  CASE WHEN NOT own.write AND (author.named OR author.people = 1) THEN author.at END AS edited_at,
  c.lane,
  c.run_id,
  nullif(c.id, 0) AS observation_id
FROM change c
LEFT JOIN udesk_sync.record r ON r.pair = c.pair AND r.side = c.side AND r.remote_id = c.remote_id
LEFT JOIN udesk_sync.link l ON l.id = r.link_id
-- The answer of a write of ours also shows what others changed meanwhile: only the fields that we wrote are ours.
CROSS JOIN LATERAL (
  SELECT c.lane IS NOT DISTINCT FROM 'write' AND (
    c.field = '*' OR r.link_id IS NULL OR EXISTS (
      SELECT 1 FROM udesk_sync.intent i
      WHERE i.link_id = r.link_id AND i.side = c.side AND i.run_id = c.run_id
        AND i.patch ?| CASE WHEN c.field IN ('email', 'emails') THEN ARRAY['email', 'emails'] ELSE ARRAY[c.field] END)
  ) AS write) own
LEFT JOIN LATERAL (
  SELECT
    (array_agg(udesk_sync.plain(a.author_name) ORDER BY a.named DESC, a.at DESC))[1] AS name,
    (array_agg(a.at ORDER BY a.named DESC, a.at DESC))[1] AS at,
    bool_or(a.named) AS named,
    count(DISTINCT coalesce(a.author_id, a.author_name)) AS people
  FROM (
    SELECT f.author_id, f.author_name, f.at, EXISTS (
      SELECT 1 FROM unnest(CASE WHEN jsonb_typeof(c.new) = 'array' OR jsonb_typeof(c.old) = 'array'
        THEN ARRAY(
          (SELECT e ->> 'value' FROM jsonb_path_query(c.new, '$[*]') e EXCEPT SELECT e ->> 'value' FROM jsonb_path_query(c.old, '$[*]') e)
          UNION ALL
          (SELECT e ->> 'value' FROM jsonb_path_query(c.old, '$[*]') e EXCEPT SELECT e ->> 'value' FROM jsonb_path_query(c.new, '$[*]') e))
        ELSE ARRAY[coalesce(nullif(c.new #>> '{}', ''), c.old #>> '{}')] END) AS value
      WHERE value <> '' AND strpos(f.data ->> 'summary', value) > 0) AS named
    FROM udesk_sync.feed f
    WHERE f.pair = c.pair AND f.udesk_id = c.remote_id AND f.kind = 'Alteration'
      AND f.at BETWEEN c.at - interval '1 day' AND c.at + interval '2 minutes'
      AND f.at >= coalesce((
        SELECT max(p.at) FROM udesk_sync.observation p
        WHERE p.pair = c.pair AND p.side = c.side AND p.remote_id = c.remote_id AND p.id < c.id), r.first_seen_at) - interval '2 minutes'
  ) a
) author ON c.side = 'udesk' AND c.id > 0;
--> statement-breakpoint
COMMENT ON VIEW report.customer_history IS 'One row per change that udesk-sync saw, of either side, deleted records included; and one row (field *) for the first sight of each record. Two changes of one field between two looks are seen as one. Filter by pair, side and record_id to be fast with one record.';
COMMENT ON COLUMN report.customer_history.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.customer_history.udesk_id IS 'Id of the customer in Udesk; for a change of the CRM by the link as it is now, null when there is none.';
COMMENT ON COLUMN report.customer_history.crm_id IS 'Id of the record in the CRM; for a change of Udesk by the link as it is now, null when there is none.';
COMMENT ON COLUMN report.customer_history.side IS 'Where the change was seen: udesk or crm.';
COMMENT ON COLUMN report.customer_history.record_id IS 'Id of the record on that side.';
COMMENT ON COLUMN report.customer_history.field IS 'Name of the field on that side; * is the record itself, whose values are live and deleted.';
COMMENT ON COLUMN report.customer_history.old IS 'Value before, as text; the elements of a set are joined by a comma. Null also when it was not known, as at a first sight.';
COMMENT ON COLUMN report.customer_history.new IS 'Value after, as text. Null when the field was emptied to null or to never filled.';
COMMENT ON COLUMN report.customer_history.valid_from IS 'When udesk-sync saw the new value. The edit itself was earlier: by up to the interval between two looks.';
COMMENT ON COLUMN report.customer_history.valid_to IS 'When the next change of the field, or the deletion of the record, was seen; null while the value holds.';
COMMENT ON COLUMN report.customer_history.who IS 'udesk-sync for a value that it wrote itself; else the author of a change record in the Udesk feed that lies between the look before and this one (at most a day back, 2 minutes tolerance) and names the value, or of all that lie there when one person made them. A judgement, not a fact of the feed; null when unclear, when that feed was not read, and for changes of the CRM.';
COMMENT ON COLUMN report.customer_history.edited_at IS 'Time of that change record: when the edit was made by the clock of Udesk. Null when who did not come from the feed.';
COMMENT ON COLUMN report.customer_history.lane IS 'How the change was seen: sweep, head, changes, point, hint, verify, audit, or write (the answer to a write of ours); null for a first sight.';
COMMENT ON COLUMN report.customer_history.run_id IS 'The cycle that saw it, see report.sync_run; null for a first sight.';
COMMENT ON COLUMN report.customer_history.observation_id IS 'Order in which changes were stored; null for a first sight. Several fields may have changed in one observation.';
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
    udesk_sync.plain_scalar(h.fields -> 'owner'),
    udesk_sync.plain(agent.name),
    udesk_sync.plain_scalar(h.fields -> 'owner_group'),
    udesk_sync.plain(agents.name),
    udesk_sync.plain_scalar(h.fields -> 'organization'),
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
    ON agent.pair = h.pair AND agent.kind = 'agent' AND agent.remote_id = h.fields ->> 'owner'
  LEFT JOIN udesk_sync.directory agents
    ON agents.pair = h.pair AND agents.kind = 'group' AND agents.remote_id = h.fields ->> 'owner_group'
  LEFT JOIN udesk_sync.directory organization
    ON organization.pair = h.pair AND organization.kind = 'organization' AND organization.remote_id = h.fields ->> 'organization';
END;
--> statement-breakpoint
COMMENT ON FUNCTION report.customer_asof(timestamptz) IS 'The customers as udesk-sync knew them at that time: one row per customer that had been seen and was not deleted then, with the values of then. Columns as in report.customer; changed_at is the last change seen until then. Not kept over time: names of agents, groups and companies are those of now, and crm_id is that of the present link if the link was there at that time.';
--> statement-breakpoint
-- It runs with our rights, and EXECUTE is everybody's unless taken away: `migrate --reporting-role` gives it.
REVOKE ALL ON FUNCTION report.customer_asof(timestamptz) FROM PUBLIC;
--> statement-breakpoint

CREATE VIEW report.feed AS
SELECT
  f.pair,
  f.kind,
  f.feed_id,
  f.udesk_id,
  f.at,
  f.author_id,
  udesk_sync.plain(f.author_name) AS author_name,
  udesk_sync.plain(f.data ->> 'summary') AS summary,
  udesk_sync.plain(f.data::text)::jsonb AS data,
  f.first_seen_at,
  r.feed_read_at AS read_at
FROM udesk_sync.feed f
LEFT JOIN udesk_sync.record r ON r.pair = f.pair AND r.side = 'udesk' AND r.remote_id = f.udesk_id;
--> statement-breakpoint
COMMENT ON VIEW report.feed IS 'Items of the customers'' history in Udesk, as far as it was read: tickets, calls, conversations, follow-ups, and records of changes.';
COMMENT ON COLUMN report.feed.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.feed.kind IS 'Ticket, CallLog, ImSubSession, Alteration (a change) or CustomerFollowUp.';
COMMENT ON COLUMN report.feed.feed_id IS 'Id of the item in Udesk; unique together with pair and kind.';
COMMENT ON COLUMN report.feed.udesk_id IS 'The customer in Udesk, who may be deleted by now.';
COMMENT ON COLUMN report.feed.at IS 'When it happened by the clock of Udesk; null for most kinds, because Udesk documents a time for change records only.';
COMMENT ON COLUMN report.feed.author_id IS 'Udesk id of who did it, where Udesk tells.';
COMMENT ON COLUMN report.feed.author_name IS 'Name of who did it, where Udesk tells.';
COMMENT ON COLUMN report.feed.summary IS 'What a change record says, in the words of Udesk.';
COMMENT ON COLUMN report.feed.data IS 'The whole item as Udesk gave it.';
COMMENT ON COLUMN report.feed.first_seen_at IS 'When udesk-sync first saw the item.';
COMMENT ON COLUMN report.feed.read_at IS 'When the history of this customer was last read: newer items are missing.';
--> statement-breakpoint

CREATE VIEW report.ticket AS
SELECT
  f.pair,
  f.feed_id AS ticket_id,
  f.udesk_id,
  udesk_sync.plain(f.data ->> 'subject') AS subject,
  udesk_sync.plain(f.data ->> 'content') AS content,
  udesk_sync.plain(f.data ->> 'status_zh_name') AS status,
  f.data ->> 'user_id' AS owner_id,
  udesk_sync.plain(agent.name) AS owner_name,
  f.data ->> 'user_group_id' AS owner_group_id,
  udesk_sync.plain(agents.name) AS owner_group_name,
  f.at,
  f.first_seen_at,
  r.feed_read_at AS read_at
FROM udesk_sync.feed f
LEFT JOIN udesk_sync.record r ON r.pair = f.pair AND r.side = 'udesk' AND r.remote_id = f.udesk_id
LEFT JOIN udesk_sync.directory agent
  ON agent.pair = f.pair AND agent.kind = 'agent' AND agent.remote_id = f.data ->> 'user_id'
LEFT JOIN udesk_sync.directory agents
  ON agents.pair = f.pair AND agents.kind = 'group' AND agents.remote_id = f.data ->> 'user_group_id'
WHERE f.kind = 'Ticket';
--> statement-breakpoint
COMMENT ON VIEW report.ticket IS 'Tickets in the history of customers, as far as it was read.';
COMMENT ON COLUMN report.ticket.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.ticket.ticket_id IS 'Id of the ticket in Udesk.';
COMMENT ON COLUMN report.ticket.udesk_id IS 'The customer in Udesk, who may be deleted by now.';
COMMENT ON COLUMN report.ticket.subject IS 'Subject.';
COMMENT ON COLUMN report.ticket.content IS 'Text of the ticket.';
COMMENT ON COLUMN report.ticket.status IS 'Status in the words of Udesk (status_zh_name), as when the item was last read.';
COMMENT ON COLUMN report.ticket.owner_id IS 'Udesk id of the agent who is in charge of the ticket.';
COMMENT ON COLUMN report.ticket.owner_name IS 'Name of that agent as the directory was last read.';
COMMENT ON COLUMN report.ticket.owner_group_id IS 'Udesk id of the agent group that is in charge.';
COMMENT ON COLUMN report.ticket.owner_group_name IS 'Name of that group as the directory was last read.';
COMMENT ON COLUMN report.ticket.at IS 'When it happened, where Udesk tells; its documents promise no time for tickets.';
COMMENT ON COLUMN report.ticket.first_seen_at IS 'When udesk-sync first saw the ticket: the time to count by where at is null. What existed before the first reading is all counted then.';
COMMENT ON COLUMN report.ticket.read_at IS 'When the history of this customer was last read: newer tickets are missing.';
--> statement-breakpoint

CREATE VIEW report.call AS
SELECT
  f.pair,
  f.feed_id AS call_id,
  f.udesk_id,
  udesk_sync.plain(f.data ->> 'call_type') AS call_type,
  udesk_sync.plain(f.data ->> 'call_result') AS call_result,
  udesk_sync.plain(f.data ->> 'duration') AS duration,
  CASE WHEN f.data ->> 'duration' ~ '^[0-9]{1,9}$' THEN (f.data ->> 'duration')::integer END AS duration_seconds,
  f.at,
  f.first_seen_at,
  r.feed_read_at AS read_at
FROM udesk_sync.feed f
LEFT JOIN udesk_sync.record r ON r.pair = f.pair AND r.side = 'udesk' AND r.remote_id = f.udesk_id
WHERE f.kind = 'CallLog';
--> statement-breakpoint
COMMENT ON VIEW report.call IS 'Phone calls in the history of customers, as far as it was read.';
COMMENT ON COLUMN report.call.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.call.call_id IS 'Id of the call in Udesk.';
COMMENT ON COLUMN report.call.udesk_id IS 'The customer in Udesk, who may be deleted by now.';
COMMENT ON COLUMN report.call.call_type IS 'Kind of call in the words of Udesk.';
COMMENT ON COLUMN report.call.call_result IS 'Result in the words of Udesk.';
COMMENT ON COLUMN report.call.duration IS 'Length of the call as Udesk gives it.';
COMMENT ON COLUMN report.call.duration_seconds IS 'The same as a number where it is a whole number, which is taken for seconds: Udesk documents no unit.';
COMMENT ON COLUMN report.call.at IS 'When it happened, where Udesk tells; its documents promise no time for calls.';
COMMENT ON COLUMN report.call.first_seen_at IS 'When udesk-sync first saw the call: the time to count by where at is null. What existed before the first reading is all counted then.';
COMMENT ON COLUMN report.call.read_at IS 'When the history of this customer was last read: newer calls are missing.';
--> statement-breakpoint

CREATE VIEW report.conversation AS
SELECT
  f.pair,
  f.feed_id AS conversation_id,
  f.udesk_id,
  udesk_sync.plain(f.data ->> 'platform') AS platform,
  CASE WHEN f.data ->> 'customer_msg_num' ~ '^[0-9]{1,9}$' THEN (f.data ->> 'customer_msg_num')::integer END AS customer_messages,
  CASE WHEN f.data ->> 'agent_msg_num' ~ '^[0-9]{1,9}$' THEN (f.data ->> 'agent_msg_num')::integer END AS agent_messages,
  f.at,
  f.first_seen_at,
  r.feed_read_at AS read_at
FROM udesk_sync.feed f
LEFT JOIN udesk_sync.record r ON r.pair = f.pair AND r.side = 'udesk' AND r.remote_id = f.udesk_id
WHERE f.kind = 'ImSubSession';
--> statement-breakpoint
COMMENT ON VIEW report.conversation IS 'Chats in the history of customers, as far as it was read.';
COMMENT ON COLUMN report.conversation.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.conversation.conversation_id IS 'Id of the chat in Udesk.';
COMMENT ON COLUMN report.conversation.udesk_id IS 'The customer in Udesk, who may be deleted by now.';
COMMENT ON COLUMN report.conversation.platform IS 'Where the chat came from, in the words of Udesk.';
COMMENT ON COLUMN report.conversation.customer_messages IS 'Messages of the customer, as when the item was last read.';
COMMENT ON COLUMN report.conversation.agent_messages IS 'Messages of agents, as when the item was last read.';
COMMENT ON COLUMN report.conversation.at IS 'When it happened, where Udesk tells; its documents promise no time for chats.';
COMMENT ON COLUMN report.conversation.first_seen_at IS 'When udesk-sync first saw the chat: the time to count by where at is null.';
COMMENT ON COLUMN report.conversation.read_at IS 'When the history of this customer was last read: newer chats are missing.';
--> statement-breakpoint

CREATE VIEW report.conflict AS
SELECT
  c.id AS conflict_id,
  c.pair,
  c.link_id,
  l.udesk_id,
  l.crm_id,
  c.field,
  c.kind,
  c.state,
  udesk_sync.plain_text(c.base -> 'udesk') AS base,
  udesk_sync.plain_text(c.base -> 'crm') AS base_crm,
  udesk_sync.plain_text(c.udesk) AS udesk,
  udesk_sync.plain_text(c.crm) AS crm,
  c.udesk_at AS udesk_changed_at,
  c.crm_at AS crm_changed_at,
  udesk_sync.plain(c.reason) AS reason,
  coalesce(d.who, c.resolved_by) AS decided_by,
  d.take AS decision,
  d.at AS decided_at,
  c.opened_at,
  c.changed_at,
  c.closed_at,
  greatest(coalesce(c.closed_at, now()) - c.opened_at, interval '0') AS age
FROM udesk_sync.conflict c
LEFT JOIN udesk_sync.link l ON l.id = c.link_id
LEFT JOIN udesk_sync.decision d ON d.id = c.decision_id;
--> statement-breakpoint
COMMENT ON VIEW report.conflict IS 'One row per field about which the two sides disagreed, open and closed ones.';
COMMENT ON COLUMN report.conflict.conflict_id IS 'Id, as in udesk-sync conflicts show.';
COMMENT ON COLUMN report.conflict.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.conflict.link_id IS 'The link of the two records; see report.link.';
COMMENT ON COLUMN report.conflict.udesk_id IS 'Id of the customer in Udesk.';
COMMENT ON COLUMN report.conflict.crm_id IS 'Id of the record in the CRM.';
COMMENT ON COLUMN report.conflict.field IS 'Name of the field in the configuration (the Udesk name); * is the whole record.';
COMMENT ON COLUMN report.conflict.kind IS 'Why there is a conflict: edit/edit, edit/delete, first-link, diverged-base, blocked-by-direction, element, capacity, identity, unmappable or overwritten-in-window.';
COMMENT ON COLUMN report.conflict.state IS 'open; resolving (decided, not yet on both sides); resolved; converged (both sides were seen to agree again).';
COMMENT ON COLUMN report.conflict.base IS 'What Udesk held when both last agreed, as text; null when they never did.';
COMMENT ON COLUMN report.conflict.base_crm IS 'What the CRM held when both last agreed, as text.';
COMMENT ON COLUMN report.conflict.udesk IS 'What Udesk held in the conflict, as text; the elements of a set are joined by a comma.';
COMMENT ON COLUMN report.conflict.crm IS 'What the CRM held in the conflict, as text, in the values of the CRM.';
COMMENT ON COLUMN report.conflict.udesk_changed_at IS 'When the value was changed in Udesk, as ISO 8601 text; null when that is not known.';
COMMENT ON COLUMN report.conflict.crm_changed_at IS 'When the record was changed in the CRM by its own clock, as ISO 8601 text; null when it keeps no such time.';
COMMENT ON COLUMN report.conflict.reason IS 'In words: why no rule decided, or what did.';
COMMENT ON COLUMN report.conflict.decided_by IS 'The person who decided, or policy, or link ended; null while open, and when it converged by itself.';
COMMENT ON COLUMN report.conflict.decision IS 'What the person took: udesk, crm, base or value (one of their own); null when no person decided.';
COMMENT ON COLUMN report.conflict.decided_at IS 'When the person decided.';
COMMENT ON COLUMN report.conflict.opened_at IS 'When the conflict was written down.';
COMMENT ON COLUMN report.conflict.changed_at IS 'When the row last changed.';
COMMENT ON COLUMN report.conflict.closed_at IS 'When it was resolved or had converged; null while open or resolving.';
COMMENT ON COLUMN report.conflict.age IS 'How long it was open, or has been open until now.';
--> statement-breakpoint

CREATE VIEW report.conflict_daily AS
SELECT
  e.pair,
  e.at::date AS day,
  e.field,
  count(*) FILTER (WHERE e.opened) AS opened,
  count(*) FILTER (WHERE NOT e.opened) AS closed
FROM (
  SELECT c.pair, c.field, c.opened_at AS at, true AS opened FROM udesk_sync.conflict c
  UNION ALL
  SELECT c.pair, c.field, c.closed_at, false FROM udesk_sync.conflict c WHERE c.closed_at IS NOT NULL
) e
GROUP BY e.pair, e.at::date, e.field;
--> statement-breakpoint
COMMENT ON VIEW report.conflict_daily IS 'Conflicts opened and closed per day, pair and field. Days on which nothing happened have no row.';
COMMENT ON COLUMN report.conflict_daily.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.conflict_daily.day IS 'The day in the time zone of the session (SET TIME ZONE).';
COMMENT ON COLUMN report.conflict_daily.field IS 'Name of the field in the configuration; * is the whole record.';
COMMENT ON COLUMN report.conflict_daily.opened IS 'How many conflicts were written down that day.';
COMMENT ON COLUMN report.conflict_daily.closed IS 'How many were resolved or had converged that day.';
--> statement-breakpoint

CREATE VIEW report.link AS
SELECT
  l.id AS link_id,
  l.pair,
  l.udesk_id,
  l.crm_id,
  l.state,
  l.decided_by,
  udesk_sync.plain(l.reason) AS reason,
  CASE WHEN l.score ~ '^[0-9]{1,9}([.][0-9]{1,9})?$' THEN l.score::numeric END AS score,
  CASE WHEN l.candidates IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(l.candidates -> 'udesk')) END AS candidates_udesk,
  CASE WHEN l.candidates IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(l.candidates -> 'crm')) END AS candidates_crm,
  udesk_sync.plain(l.evidence::text)::jsonb AS evidence,
  l.created_at,
  l.changed_at
FROM udesk_sync.link l;
--> statement-breakpoint
COMMENT ON VIEW report.link IS 'Which customer of Udesk and which record of the CRM are the same person, and why; with the questions that wait for a person.';
COMMENT ON COLUMN report.link.link_id IS 'Id, as in udesk-sync links show.';
COMMENT ON COLUMN report.link.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.link.udesk_id IS 'Id of the customer in Udesk; null while it is being created there, and when several candidates might be meant.';
COMMENT ON COLUMN report.link.crm_id IS 'Id of the record in the CRM; null likewise.';
COMMENT ON COLUMN report.link.state IS 'confirmed; candidate (a person is asked); rejected (a person said no); broken (a record was deleted, or a person ended the link).';
COMMENT ON COLUMN report.link.decided_by IS 'What made the state: match, create, person:NAME, flag, unlink, merged, close or restored.';
COMMENT ON COLUMN report.link.reason IS 'In words: why a person is asked, or why the link ended.';
COMMENT ON COLUMN report.link.score IS 'How strong the evidence of a candidate is; higher is stronger.';
COMMENT ON COLUMN report.link.candidates_udesk IS 'Customers who might be meant; null once decided.';
COMMENT ON COLUMN report.link.candidates_crm IS 'CRM records that might be meant; null once decided.';
COMMENT ON COLUMN report.link.evidence IS 'What speaks for the link, and what people decided about it, oldest first.';
COMMENT ON COLUMN report.link.created_at IS 'When the link, or the question, was written down.';
COMMENT ON COLUMN report.link.changed_at IS 'When its state last changed.';
--> statement-breakpoint

CREATE VIEW report.sync_run AS
SELECT
  r.id AS run_id,
  r.pair,
  r.trigger,
  r.started_at,
  r.finished_at,
  r.finished_at - r.started_at AS duration,
  r.outcome,
  udesk_sync.plain(r.error) AS error,
  (r.stats #>> '{observed,udesk,changed}')::integer AS udesk_changed,
  (r.stats #>> '{observed,crm,changed}')::integer AS crm_changed,
  (r.stats #>> '{observed,udesk,deleted}')::integer AS udesk_deleted,
  (r.stats #>> '{observed,crm,deleted}')::integer AS crm_deleted,
  (r.stats #>> '{observed,udesk,certified}')::boolean AS udesk_certified,
  (r.stats #>> '{observed,crm,certified}')::boolean AS crm_certified,
  (r.stats #>> '{push,writes,udesk}')::integer AS udesk_writes,
  (r.stats #>> '{push,writes,crm}')::integer AS crm_writes,
  (r.stats #>> '{push,settled}')::integer AS settled,
  (r.stats #>> '{openConflicts}')::integer AS open_conflicts,
  (r.stats #>> '{parked}')::integer AS parked
FROM udesk_sync.run r;
--> statement-breakpoint
COMMENT ON VIEW report.sync_run IS 'One row per cycle of a pair. The counts are null while it runs and when it failed.';
COMMENT ON COLUMN report.sync_run.run_id IS 'Id; rises with time.';
COMMENT ON COLUMN report.sync_run.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.sync_run.trigger IS 'What started the cycle: a command or a lane of the daemon.';
COMMENT ON COLUMN report.sync_run.started_at IS 'Begin.';
COMMENT ON COLUMN report.sync_run.finished_at IS 'End; null while it runs, and when the process was killed.';
COMMENT ON COLUMN report.sync_run.duration IS 'From begin to end.';
COMMENT ON COLUMN report.sync_run.outcome IS 'done; waiting (a person has to approve something); failed; abandoned (stopped, or another process took over); null without an end.';
COMMENT ON COLUMN report.sync_run.error IS 'Why it failed.';
COMMENT ON COLUMN report.sync_run.udesk_changed IS 'Customers of Udesk that were new or changed.';
COMMENT ON COLUMN report.sync_run.crm_changed IS 'Records of the CRM that were new or changed.';
COMMENT ON COLUMN report.sync_run.udesk_deleted IS 'Customers that were proven to be gone from Udesk.';
COMMENT ON COLUMN report.sync_run.crm_deleted IS 'Records that were proven to be gone from the CRM by a full enumeration.';
COMMENT ON COLUMN report.sync_run.udesk_certified IS 'Whether Udesk was read completely, with proof.';
COMMENT ON COLUMN report.sync_run.crm_certified IS 'Whether the CRM was read completely, with proof.';
COMMENT ON COLUMN report.sync_run.udesk_writes IS 'Writes sent to Udesk, refused ones included.';
COMMENT ON COLUMN report.sync_run.crm_writes IS 'Writes sent to the CRM, refused ones included.';
COMMENT ON COLUMN report.sync_run.settled IS 'Writes that are known to have arrived.';
COMMENT ON COLUMN report.sync_run.open_conflicts IS 'Conflicts that were open at its end.';
COMMENT ON COLUMN report.sync_run.parked IS 'Records that were set aside for a person at its end.';
--> statement-breakpoint

CREATE VIEW report.sync_lag AS
SELECT
  i.id AS intent_id,
  i.pair,
  i.link_id,
  l.udesk_id,
  l.crm_id,
  i.side AS target,
  i.op,
  ARRAY(SELECT write.value ->> 'field' FROM jsonb_each(i.patch) AS write) AS fields,
  cause.kind AS cause,
  cause.at AS observed_at,
  i.created_at AS planned_at,
  i.sent_at,
  i.settled_at AS arrived_at,
  i.attempts,
  greatest(i.settled_at - cause.at, interval '0') AS lag,
  greatest(i.settled_at - i.created_at, interval '0') AS outbox_time
FROM udesk_sync.intent i
LEFT JOIN udesk_sync.link l ON l.id = i.link_id
LEFT JOIN udesk_sync.record source
  ON source.pair = i.pair AND source.side = CASE i.side WHEN 'udesk' THEN 'crm' ELSE 'udesk' END
  AND source.remote_id = CASE i.side WHEN 'udesk' THEN l.crm_id ELSE l.udesk_id END
LEFT JOIN LATERAL (
  SELECT max(d.at) AS at
  FROM udesk_sync.conflict c JOIN udesk_sync.decision d ON d.id = c.decision_id
  WHERE c.link_id = i.link_id AND d.at <= i.created_at
) decision ON jsonb_path_exists(i.reasons, '$.* ? (@ == "decision")')
LEFT JOIN LATERAL (
  SELECT o.at
  FROM udesk_sync.observation o
  WHERE o.pair = source.pair AND o.side = source.side AND o.remote_id = source.remote_id AND o.at <= i.created_at
  ORDER BY EXISTS (
    SELECT 1 FROM jsonb_each(o.delta) AS seen JOIN jsonb_each(i.source) AS sent ON sent.value = seen.value -> 1) DESC,
    o.lane <> 'write' DESC, o.id DESC
  LIMIT 1
) edit ON true
CROSS JOIN LATERAL (
  SELECT
    CASE WHEN decision.at IS NOT NULL THEN 'decision' WHEN edit.at IS NOT NULL THEN 'edit' WHEN source.first_seen_at <= i.created_at THEN 'first sight' END AS kind,
    coalesce(decision.at, edit.at, CASE WHEN source.first_seen_at <= i.created_at THEN source.first_seen_at END) AS at
) cause
WHERE i.state = 'settled';
--> statement-breakpoint
COMMENT ON VIEW report.sync_lag IS 'How long changes took from one side to the other: one row per write that is known to have arrived. It measures from when udesk-sync saw the edit. The wait of an edit until it was seen is not in it; it is at most the interval between two looks at that side.';
COMMENT ON COLUMN report.sync_lag.intent_id IS 'Id of the write.';
COMMENT ON COLUMN report.sync_lag.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.sync_lag.link_id IS 'The link of the two records; see report.link.';
COMMENT ON COLUMN report.sync_lag.udesk_id IS 'Id of the customer in Udesk; null when the link is no more.';
COMMENT ON COLUMN report.sync_lag.crm_id IS 'Id of the record in the CRM; null when the link is no more.';
COMMENT ON COLUMN report.sync_lag.target IS 'The side that was written: udesk or crm.';
COMMENT ON COLUMN report.sync_lag.op IS 'create, update or delete.';
COMMENT ON COLUMN report.sync_lag.fields IS 'The fields that were written, by their names in the configuration; empty for a delete.';
COMMENT ON COLUMN report.sync_lag.cause IS 'What it is measured from: edit (the latest observation of the other side that showed one of the values sent, else its latest observation before the plan), first sight (the other record was never seen to change), decision (a person decided a conflict); null when nothing is known any more.';
COMMENT ON COLUMN report.sync_lag.observed_at IS 'When udesk-sync saw that edit or record, or when the person decided.';
COMMENT ON COLUMN report.sync_lag.planned_at IS 'When the write was planned. Later than observed_at by much when a guard, an approval or a failed attempt came in between.';
COMMENT ON COLUMN report.sync_lag.sent_at IS 'When it was last sent.';
COMMENT ON COLUMN report.sync_lag.arrived_at IS 'When the other side was known to hold it.';
COMMENT ON COLUMN report.sync_lag.attempts IS 'How often it was sent.';
COMMENT ON COLUMN report.sync_lag.lag IS 'From observed_at to arrived_at.';
COMMENT ON COLUMN report.sync_lag.outbox_time IS 'From planned_at to arrived_at.';
--> statement-breakpoint

CREATE VIEW report.coverage AS
SELECT
  p.name AS pair,
  s.side,
  s.certified_at,
  greatest(now() - s.certified_at, interval '0') AS age,
  udesk_sync.plain(s.uncertified) AS uncertified_reason,
  coalesce(n.live, 0) AS live_records,
  coalesce(n.linked, 0) AS linked_records,
  coalesce(n.deleted, 0) AS deleted_records,
  s.total AS total_on_side
FROM udesk_sync.pair p
CROSS JOIN LATERAL (VALUES
  ('udesk', p.udesk_certified_at, p.udesk_uncertified, p.udesk_total),
  ('crm', p.crm_certified_at, p.crm_uncertified, NULL::integer)
) AS s (side, certified_at, uncertified, total)
LEFT JOIN (
  SELECT r.pair, r.side,
    count(*) FILTER (WHERE r.state = 'live') AS live,
    count(*) FILTER (WHERE r.state = 'live' AND r.link_id IS NOT NULL) AS linked,
    count(*) FILTER (WHERE r.state = 'deleted') AS deleted
  FROM udesk_sync.record r
  GROUP BY r.pair, r.side
) n ON n.pair = p.name AND n.side = s.side;
--> statement-breakpoint
COMMENT ON VIEW report.coverage IS 'How much of each side is known, and how surely: one row per pair and side.';
COMMENT ON COLUMN report.coverage.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.coverage.side IS 'udesk or crm.';
COMMENT ON COLUMN report.coverage.certified_at IS 'Begin of the last enumeration that was proven complete; null when there was none.';
COMMENT ON COLUMN report.coverage.age IS 'How long ago that is.';
COMMENT ON COLUMN report.coverage.uncertified_reason IS 'Why the last full enumeration was not certified; null when it was, and before the first one.';
COMMENT ON COLUMN report.coverage.live_records IS 'Records that are known and not known to be deleted.';
COMMENT ON COLUMN report.coverage.linked_records IS 'Those of them that are linked, or about to be created on the other side.';
COMMENT ON COLUMN report.coverage.deleted_records IS 'Records that are known to be deleted.';
COMMENT ON COLUMN report.coverage.total_on_side IS 'How many records the side said that it holds, at the last full enumeration; null for the CRM, and when Udesk did not say. More than live_records means that some were never seen.';
--> statement-breakpoint

CREATE VIEW report.custom_field AS
SELECT
  c.pair,
  regexp_replace(c.name, '^custom[.]', '') AS name,
  udesk_sync.plain(c.label) AS label,
  c.content_type,
  c.required,
  (SELECT coalesce(jsonb_object_agg(option.value ->> 'value', udesk_sync.plain(option.value ->> 'label')), '{}'::jsonb)
    FROM jsonb_array_elements(c.options) AS option WHERE option.value ->> 'value' IS NOT NULL) AS options,
  c.observed_at,
  c.vanished_at
FROM udesk_sync.custom_field c;
--> statement-breakpoint
COMMENT ON VIEW report.custom_field IS 'What the custom fields of Udesk are called, and what the options of its selections mean.';
COMMENT ON COLUMN report.custom_field.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.custom_field.name IS 'Name in Udesk, as in customer.custom: TextField_1.';
COMMENT ON COLUMN report.custom_field.label IS 'What agents see.';
COMMENT ON COLUMN report.custom_field.content_type IS 'Type in the words of Udesk.';
COMMENT ON COLUMN report.custom_field.required IS 'Whether agents have to fill it.';
COMMENT ON COLUMN report.custom_field.options IS 'For a selection: value as in customer.custom to label, as one JSON object.';
COMMENT ON COLUMN report.custom_field.observed_at IS 'When the definition was last read.';
COMMENT ON COLUMN report.custom_field.vanished_at IS 'Since when Udesk does not list the field any more; null while it does.';
