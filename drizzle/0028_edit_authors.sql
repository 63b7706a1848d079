-- Who changed a record of the CRM last, where it tells: kept with what was seen, and with the conflicts about it.
ALTER TABLE "udesk_sync"."conflict" ADD COLUMN "crm_author" jsonb;--> statement-breakpoint
ALTER TABLE "udesk_sync"."observation" ADD COLUMN "author" jsonb;--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "crm_looked_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "udesk_sync"."record" ADD COLUMN "last_edit" jsonb;
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
  (
    SELECT min(n.at) FROM udesk_sync.observation n
    WHERE n.pair = c.pair AND n.side = c.side AND n.remote_id = c.remote_id AND n.id > c.id
      AND (n.delta ?| ARRAY[c.field, '*'] OR (c.field = '*' AND c.new = '"deleted"'))
  ) AS valid_to,
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
      AND f.at >= coalesce((
        SELECT max(p.at) FROM udesk_sync.observation p
        WHERE p.pair = c.pair AND p.side = c.side AND p.remote_id = c.remote_id AND p.id < c.id), r.first_seen_at) - interval '2 minutes'
  ) a
) author ON c.side = 'udesk' AND c.id > 0;
--> statement-breakpoint
COMMENT ON COLUMN report.customer_history.who IS 'udesk-sync for a value that it wrote itself; for a change of the CRM, whom the record named as the author of its last edit where that can hardly be another edit; else the author of a change record in the Udesk feed that lies between the look before and this one (at most a day back, 2 minutes tolerance) and names the value (one that tells the way from the old value to the new one goes first, then the last before the look), or of all that lie there when one person made them. A judgement, not a fact of the feed; null when unclear, when that feed was not read, and for a change of the CRM of which it is not certain: see last_changed_by.';
--> statement-breakpoint
COMMENT ON COLUMN report.customer_history.edited_at IS 'Time of that change record, or of that last edit: when the edit was made by the clock of its side. Null when who is udesk-sync or nobody.';
--> statement-breakpoint
COMMENT ON COLUMN report.customer_history.last_changed_by IS 'For a change of the CRM: who had changed the record last when the change was seen, as the record itself told. It is the author of this edit only where who says so: other fields changed with it, or more than one edit may lie between two looks. Null for Udesk, for writes of our own, and where the CRM tells nobody.';
--> statement-breakpoint
COMMENT ON COLUMN report.customer_history.last_changed_at IS 'When that was, by the clock of the CRM; null when it tells no time that belongs to the author.';
--> statement-breakpoint
CREATE OR REPLACE VIEW report.conflict AS
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
  greatest(coalesce(c.closed_at, now()) - c.opened_at, interval '0') AS age,
  ARRAY(SELECT udesk_sync.plain(name) FROM unnest(c.authors) AS name) AS authors,
  udesk_sync.plain(c.crm_author ->> 'name') AS crm_changed_by,
  c.crm_author ->> 'knownBy' AS crm_changed_by_known
FROM udesk_sync.conflict c
LEFT JOIN udesk_sync.link l ON l.id = c.link_id
LEFT JOIN udesk_sync.decision d ON d.id = c.decision_id;
--> statement-breakpoint
COMMENT ON COLUMN report.conflict.authors IS 'Whom the histories that were read, and the CRM, name as authors of the edits that it is about; where the CRM tells of whole records only, whoever changed the record last.';
--> statement-breakpoint
COMMENT ON COLUMN report.conflict.crm_changed_by IS 'Who made the edit of the CRM, as the CRM told; null when it did not.';
--> statement-breakpoint
COMMENT ON COLUMN report.conflict.crm_changed_by_known IS 'How surely: field (the edit of this field), record (whoever changed the record last, which may be another edit).';
