-- Who made an edit is told also where a customer was first seen, or looked at, while our clock was ahead.
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
LEFT JOIN udesk_sync.link l ON l.pair = r.pair AND l.id = r.link_id
-- The answer of a write of ours also shows what others changed meanwhile: only the fields that we wrote are ours.
CROSS JOIN LATERAL (
  SELECT c.lane IS NOT DISTINCT FROM 'write' AND (
    c.field = '*' OR r.link_id IS NULL OR EXISTS (
      SELECT 1 FROM udesk_sync.intent i
      WHERE i.pair = c.pair AND i.link_id = r.link_id AND i.side = c.side
        -- Sent by the run that planned it or by a later one; what became of it may have been found out by one later still, which
        -- stored what it saw as it settled it, and settled no other write of this record since.
        AND (c.run_id IN (i.run_id, i.sent_run_id) OR i.settled_at BETWEEN c.at - interval '10 seconds' AND c.at
          AND i.settled_at = (
            SELECT max(s.settled_at) FROM udesk_sync.intent s
            WHERE s.pair = c.pair AND s.link_id = r.link_id AND s.side = c.side AND s.settled_at <= c.at))
        AND i.patch ?| CASE WHEN c.field IN ('email', 'emails') THEN ARRAY['email', 'emails'] ELSE ARRAY[c.field] END)
  ) AS write) own
-- The look before this one: a later look does not tell of an edit that is older. Where our clock was set back between the two,
-- their runs say what came first.
LEFT JOIN LATERAL (
  SELECT coalesce(p.at, r.first_seen_at) AS at, coalesce(p.run_id, r.first_seen_run_id) AS run_id
  FROM (SELECT) always
  LEFT JOIN LATERAL (
    SELECT o.at, o.run_id FROM udesk_sync.observation o
    WHERE o.pair = c.pair AND o.side = c.side AND o.remote_id = c.remote_id AND o.id < c.id
    ORDER BY o.id DESC LIMIT 1) p ON true
) earlier ON c.side = 'udesk' AND c.id > 0
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
      AND CASE WHEN earlier.at <= c.at THEN f.at >= earlier.at - interval '2 minutes'
        ELSE coalesce(f.first_seen_run_id >= earlier.run_id, true) END
  ) a
) author ON c.side = 'udesk' AND c.id > 0;
