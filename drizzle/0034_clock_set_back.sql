ALTER TABLE "udesk_sync"."listing_page" ALTER COLUMN "right_at" DROP NOT NULL;--> statement-breakpoint
CREATE OR REPLACE VIEW report.freshness AS
SELECT
  l.pair,
  n.pages,
  t.right_at::timestamptz(3) AS oldest_verified_at,
  greatest(now() - t.right_at, interval '0') AS oldest_age,
  CASE WHEN l.bound_ms IS NOT NULL AND l.stated_at <= c.ahead THEN
    greatest(l.bound_ms * interval '1 millisecond', now() - t.right_at) END AS bound,
  coalesce(cardinality(l.active), 0) AS active_pages,
  CASE WHEN l.bound_ms IS NOT NULL AND l.stated_at <= c.ahead THEN
    greatest(l.active_bound_ms * interval '1 millisecond', now() - t.active_right_at) END AS active_bound,
  l.stated_at
FROM udesk_sync.listing l
-- What lies further ahead is of before the clock was set back.
CROSS JOIN LATERAL (SELECT now() + interval '1 minute' AS ahead) c
LEFT JOIN udesk_sync.pair p ON p.name = l.pair AND p.udesk_swept_at <= c.ahead
LEFT JOIN LATERAL (
  SELECT count(*) AS pages,
    CASE WHEN bool_and(coalesce(g.right_at <= c.ahead, false)) THEN min(g.right_at) END AS right_at,
    min(g.right_at) FILTER (WHERE g.page = ANY (l.active)) AS active_right_at
  FROM udesk_sync.listing_page g WHERE g.pair = l.pair
) n ON true
CROSS JOIN LATERAL (
  SELECT greatest(n.right_at, p.udesk_swept_at) AS right_at, greatest(n.active_right_at, p.udesk_swept_at) AS active_right_at
) t;
--> statement-breakpoint
COMMENT ON COLUMN report.freshness.oldest_verified_at IS 'Every customer on the list is known to be right up to then; null while that is not known, as after the clock was set back.';
COMMENT ON COLUMN report.freshness.bound IS 'The age that no customer on the list exceeds: how often his page is looked at, times what such looks were late at the worst in the last half hour. Null until every page was looked at, also after the clock was set back.';
