-- History by month (docs/decisions/0038): `observation` and `feed` become partitioned tables, so that what is too old goes
-- with its month. One transaction: a kill leaves everything as it was. It copies both tables, so it needs room for them.
CREATE TABLE "udesk_sync"."retention" (
	"kind" text PRIMARY KEY NOT NULL,
	"kept_since" timestamp (3) with time zone,
	"held" integer DEFAULT 0 NOT NULL,
	"clock_at" timestamp (3) with time zone,
	"looked_at" timestamp (3) with time zone
);
--> statement-breakpoint
INSERT INTO "udesk_sync"."retention" ("kind") VALUES ('observation'), ('feed'), ('run');
--> statement-breakpoint
ALTER TABLE "udesk_sync"."observation" RENAME TO "observation_old";--> statement-breakpoint
ALTER INDEX "udesk_sync"."observation_pkey" RENAME TO "observation_old_pkey";--> statement-breakpoint
ALTER INDEX "udesk_sync"."observation_record" RENAME TO "observation_old_record";--> statement-breakpoint
ALTER TABLE "udesk_sync"."feed" RENAME TO "feed_old";--> statement-breakpoint
ALTER INDEX "udesk_sync"."feed_customer" RENAME TO "feed_old_customer";--> statement-breakpoint
-- The ids go on where they were.
DO $$
DECLARE
  next_id bigint;
BEGIN
  SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END INTO next_id FROM udesk_sync.observation_id_seq;
  ALTER TABLE udesk_sync.observation_old ALTER COLUMN id DROP IDENTITY;
  EXECUTE format('CREATE SEQUENCE udesk_sync.observation_id_seq START WITH %s', next_id);
END $$;
--> statement-breakpoint
CREATE TABLE "udesk_sync"."observation" (LIKE "udesk_sync"."observation_old" INCLUDING DEFAULTS) PARTITION BY RANGE ("at");--> statement-breakpoint
ALTER TABLE "udesk_sync"."observation" ALTER COLUMN "id" SET DEFAULT nextval('udesk_sync.observation_id_seq');--> statement-breakpoint
ALTER SEQUENCE "udesk_sync"."observation_id_seq" OWNED BY "udesk_sync"."observation"."id";--> statement-breakpoint
CREATE TABLE "udesk_sync"."feed" (
	LIKE "udesk_sync"."feed_old" INCLUDING DEFAULTS,
	"kept_at" timestamp (3) with time zone NOT NULL
) PARTITION BY RANGE ("kept_at");
--> statement-breakpoint
CREATE TABLE "udesk_sync"."observation_default" PARTITION OF "udesk_sync"."observation" DEFAULT;--> statement-breakpoint
CREATE TABLE "udesk_sync"."feed_default" PARTITION OF "udesk_sync"."feed" DEFAULT;--> statement-breakpoint
-- Items without a time of their own.
CREATE TABLE "udesk_sync"."feed_timeless" PARTITION OF "udesk_sync"."feed" FOR VALUES FROM ('infinity') TO (MAXVALUE);--> statement-breakpoint
-- A partition for each month since the oldest row (of five years at most), and for three months ahead.
DO $$
DECLARE
  this timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
  month timestamp;
  kind text;
BEGIN
  FOREACH kind IN ARRAY ARRAY['observation', 'feed'] LOOP
    EXECUTE format('SELECT date_trunc(''month'', least(min(at), now()) AT TIME ZONE ''UTC'') FROM udesk_sync.%I WHERE at >= $1',
      kind || '_old') INTO month USING (this - interval '5 years') AT TIME ZONE 'UTC';
    WHILE month <= this + interval '3 months' LOOP
      EXECUTE format('CREATE TABLE udesk_sync.%I PARTITION OF udesk_sync.%I FOR VALUES FROM (%L) TO (%L)',
        kind || to_char(month, '_"y"YYYY"m"MM'), kind,
        to_char(month, 'YYYY-MM-DD" 00:00:00+00"'), to_char(month + interval '1 month', 'YYYY-MM-DD" 00:00:00+00"'));
      month := month + interval '1 month';
    END LOOP;
  END LOOP;
END $$;
--> statement-breakpoint
INSERT INTO "udesk_sync"."observation" SELECT * FROM "udesk_sync"."observation_old";--> statement-breakpoint
INSERT INTO "udesk_sync"."feed" SELECT f.*, coalesce(f.at, 'infinity') FROM "udesk_sync"."feed_old" f;--> statement-breakpoint
ALTER TABLE "udesk_sync"."observation" ADD CONSTRAINT "observation_pair_id_at_pk" PRIMARY KEY("pair","id","at");--> statement-breakpoint
CREATE INDEX "observation_record" ON "udesk_sync"."observation" USING btree ("pair","side","remote_id");--> statement-breakpoint
ALTER TABLE "udesk_sync"."feed" ADD CONSTRAINT "feed_pair_kind_feed_id_kept_at_pk" PRIMARY KEY("pair","kind","feed_id","kept_at");--> statement-breakpoint
CREATE INDEX "feed_customer" ON "udesk_sync"."feed" USING btree ("pair","udesk_id");--> statement-breakpoint
-- No statistics of the whole are gathered by themselves for a partitioned table.
ANALYZE "udesk_sync"."observation";--> statement-breakpoint
ANALYZE "udesk_sync"."feed";--> statement-breakpoint
CREATE INDEX "intent_run" ON "udesk_sync"."intent" USING btree ("pair","run_id");--> statement-breakpoint
-- Whoever asks for a time before the history that is kept begins is told so: nothing is guessed.
CREATE FUNCTION udesk_sync.is_kept(ts timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  since timestamptz := (SELECT kept_since FROM udesk_sync.retention WHERE kind = 'observation');
BEGIN
  IF ts < since THEN
    RAISE EXCEPTION 'the history before % is deleted (retention.observations): what was held at % is not known any more', since, ts
      USING ERRCODE = 'datetime_field_overflow';
  END IF;
  RETURN true;
END $$;
--> statement-breakpoint
CREATE OR REPLACE VIEW report.customer_history AS
WITH change AS (
  SELECT o.pair, o.side, o.remote_id, o.id, o.lane, o.run_id, o.at, field.key AS field, field.value -> 0 AS old, field.value -> 1 AS new, o.author
  FROM udesk_sync.observation o CROSS JOIN LATERAL jsonb_each(o.delta) AS field
  UNION ALL
  -- A record that was deleted and is seen again: its observation does not say so.
  SELECT o.pair, o.side, o.remote_id, again.id[1], again.lane[1], again.run_id[1], again.at[1], '*', '"deleted"'::jsonb, '"live"'::jsonb, NULL::jsonb
  FROM udesk_sync.observation o CROSS JOIN LATERAL (
    SELECT array_agg(n.id ORDER BY n.id) AS id, array_agg(n.lane ORDER BY n.id) AS lane,
      array_agg(n.run_id ORDER BY n.id) AS run_id, array_agg(n.at ORDER BY n.id) AS at
    FROM udesk_sync.observation n
    WHERE n.pair = o.pair AND n.side = o.side AND n.remote_id = o.remote_id AND n.id > o.id
  ) again
  WHERE o.delta ? '*' AND again.id IS NOT NULL
  UNION ALL
  SELECT r.pair, r.side, r.remote_id, 0, NULL, NULL, r.first_seen_at, '*', NULL, '"live"'::jsonb, NULL
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
  coalesce((
    SELECT min(n.at) FROM udesk_sync.observation n
    WHERE n.pair = c.pair AND n.side = c.side AND n.remote_id = c.remote_id AND n.id > c.id
      AND (n.delta ?| ARRAY[c.field, '*'] OR (c.field = '*' AND c.new = '"deleted"'))
  ), CASE WHEN c.id = 0 AND r.state = 'deleted' THEN r.deleted_at END) AS valid_to,
  CASE WHEN own.write THEN 'udesk-sync' WHEN author.named OR author.people = 1 THEN author.name
    WHEN c.author ->> 'knownBy' = 'field' THEN udesk_sync.plain(c.author ->> 'name') END AS who,
  CASE WHEN NOT own.write AND (author.named OR author.people = 1) THEN author.at
    WHEN NOT own.write AND c.author ->> 'knownBy' = 'field' THEN (c.author ->> 'at')::timestamptz END AS edited_at,
  c.lane,
  c.run_id,
  nullif(c.id, 0) AS observation_id,
  udesk_sync.plain(c.author ->> 'name') AS last_changed_by,
  (c.author ->> 'at')::timestamptz AS last_changed_at
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
-- Of the change records that name the value, one that tells the way from the old value to the new one goes first: a later
-- write quotes the same value as its beginning. Then the last one before the look, and else the first one after it.
LEFT JOIN LATERAL (
  SELECT
    (array_agg(udesk_sync.plain(a.author_name) ORDER BY a.named DESC, a.whole DESC, a.at <= c.at DESC, abs(extract(epoch FROM c.at - a.at))))[1] AS name,
    (array_agg(a.at ORDER BY a.named DESC, a.whole DESC, a.at <= c.at DESC, abs(extract(epoch FROM c.at - a.at))))[1] AS at,
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
      WHERE value <> '' AND strpos(f.data ->> 'summary', value) > 0) AS named,
    EXISTS (
      SELECT 1
      FROM unnest(CASE WHEN jsonb_typeof(c.old) = 'array'
        THEN ARRAY(SELECT e ->> 'value' FROM jsonb_path_query(c.old, '$[*]') e) ELSE ARRAY[c.old #>> '{}'] END) AS old_value,
        unnest(CASE WHEN jsonb_typeof(c.new) = 'array'
        THEN ARRAY(SELECT e ->> 'value' FROM jsonb_path_query(c.new, '$[*]') e EXCEPT SELECT e ->> 'value' FROM jsonb_path_query(c.old, '$[*]') e)
        ELSE ARRAY[c.new #>> '{}'] END) AS new_value
      WHERE old_value <> '' AND new_value <> '' AND old_value <> new_value
        AND strpos(f.data ->> 'summary', old_value) > 0 AND strpos(f.data ->> 'summary', new_value) > 0
        -- The last place of the new value is behind the first place of the old one.
        AND length(f.data ->> 'summary') - strpos(reverse(f.data ->> 'summary'), reverse(new_value)) - length(new_value) + 2
          > strpos(f.data ->> 'summary', old_value)) AS whole
    FROM udesk_sync.feed f
    WHERE f.pair = c.pair AND f.udesk_id = c.remote_id AND f.kind = 'Alteration'
      AND f.at BETWEEN c.at - interval '1 day' AND c.at + interval '2 minutes'
      AND f.kept_at BETWEEN c.at - interval '1 day' AND c.at + interval '2 minutes'
      AND f.at >= coalesce((
        SELECT max(p.at) FROM udesk_sync.observation p
        WHERE p.pair = c.pair AND p.side = c.side AND p.remote_id = c.remote_id AND p.id < c.id), r.first_seen_at) - interval '2 minutes'
  ) a
) author ON c.side = 'udesk' AND c.id > 0;
--> statement-breakpoint
CREATE OR REPLACE VIEW report.sync_lag AS
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
-- Seen for the first time before the history that is kept begins: an edit of then may be gone, so nothing is known.
LEFT JOIN LATERAL (
  SELECT source.first_seen_at AS at
  WHERE source.first_seen_at <= i.created_at AND source.first_seen_at >= coalesce(
    (SELECT k.kept_since FROM udesk_sync.retention k WHERE k.kind = 'observation'), '-infinity')
) sight ON true
CROSS JOIN LATERAL (
  SELECT
    CASE WHEN decision.at IS NOT NULL THEN 'decision' WHEN edit.at IS NOT NULL THEN 'edit' WHEN sight.at IS NOT NULL THEN 'first sight' END AS kind,
    coalesce(decision.at, edit.at, sight.at) AS at
) cause
WHERE i.state = 'settled';--> statement-breakpoint
-- Of every delta later than ts, the oldest tells what the field held at ts: it is aggregated last and wins.
CREATE OR REPLACE FUNCTION report.customer_asof(ts timestamptz)
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
      AND (r.state <> 'deleted' OR r.deleted_at > ts) -- what says so may be older than the history that is kept
      AND udesk_sync.is_kept(ts)
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
END;--> statement-breakpoint
-- The other views read the new tables; their columns, comments and grants stay as they are.
DO $$
DECLARE
  view record;
BEGIN
  FOR view IN
    SELECT DISTINCT c.oid, c.oid::regclass AS name, array_to_string(c.reloptions, ', ') AS options
    FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class c ON c.oid = w.ev_class
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.refobjid IN ('udesk_sync.observation_old'::regclass, 'udesk_sync.feed_old'::regclass)
  LOOP
    EXECUTE format('CREATE OR REPLACE VIEW %s %s AS %s', view.name,
      CASE WHEN view.options IS NOT NULL THEN 'WITH (' || view.options || ')' END,
      replace(replace(pg_get_viewdef(view.oid), 'udesk_sync.observation_old', 'udesk_sync.observation'), 'udesk_sync.feed_old', 'udesk_sync.feed'));
  END LOOP;
END $$;
--> statement-breakpoint
COMMENT ON COLUMN report.sync_lag.cause IS 'What it is measured from: edit (the latest observation of the other side that showed one of the values sent, else its latest observation before the plan), first sight (the other record was never seen to change), decision (a person decided a conflict); null when nothing is known any more.';--> statement-breakpoint
COMMENT ON FUNCTION report.customer_asof(timestamptz) IS 'The customers as udesk-sync knew them at that time: one row per customer that had been seen and was not deleted then, with the values of then. Columns as in report.customer; changed_at is the last change seen until then. Not kept over time: names of agents, groups and companies are those of now, and crm_id is that of the present link if the link was there at that time. A time before the history that is kept begins (report.history_kept) is an error.';--> statement-breakpoint
CREATE VIEW report.history_kept AS
SELECT k.kind, k.kept_since FROM udesk_sync.retention k;
--> statement-breakpoint
COMMENT ON VIEW report.history_kept IS 'How far back the histories go: one row per kind.';
COMMENT ON COLUMN report.history_kept.kind IS 'observation (customer_history, customer_asof, the causes of sync_lag), feed (change records of Udesk; tickets, calls and conversations are kept), or run (sync_run).';
COMMENT ON COLUMN report.history_kept.kept_since IS 'What is older is not kept; null when nothing was ever deleted.';
--> statement-breakpoint
DROP TABLE "udesk_sync"."observation_old";--> statement-breakpoint
DROP TABLE "udesk_sync"."feed_old";
