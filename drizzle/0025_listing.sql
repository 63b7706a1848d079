CREATE TABLE "udesk_sync"."listing" (
	"pair" text PRIMARY KEY NOT NULL,
	"total" integer,
	"page_rows" integer NOT NULL,
	"paid" double precision NOT NULL,
	"paid_at" timestamp (3) with time zone NOT NULL,
	"paid_since" timestamp (3) with time zone NOT NULL,
	"free" double precision NOT NULL,
	"free_at" timestamp (3) with time zone NOT NULL,
	"free_since" timestamp (3) with time zone NOT NULL,
	"floor_ms" double precision NOT NULL,
	"sweep_began" timestamp (3) with time zone,
	"stretch" double precision NOT NULL,
	"stretched_at" timestamp (3) with time zone NOT NULL,
	"hinted_by" bigint DEFAULT 0 NOT NULL,
	"stated_at" timestamp (3) with time zone,
	"bound_ms" double precision,
	"active_bound_ms" double precision,
	"active" integer[] NOT NULL
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."listing_page" (
	"pair" text NOT NULL,
	"page" integer NOT NULL,
	"edits" double precision NOT NULL,
	"watched_ms" double precision NOT NULL,
	"looked_at" timestamp (3) with time zone,
	"right_at" timestamp (3) with time zone NOT NULL,
	"low_id" text,
	"hints" double precision NOT NULL,
	"hinted_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "listing_page_pair_page_pk" PRIMARY KEY("pair","page")
);
--> statement-breakpoint
CREATE VIEW report.freshness AS
SELECT
  l.pair,
  n.pages,
  greatest(n.right_at, p.udesk_swept_at)::timestamptz(3) AS oldest_verified_at,
  greatest(now() - greatest(n.right_at, p.udesk_swept_at), interval '0') AS oldest_age,
  CASE WHEN l.bound_ms IS NOT NULL THEN
    greatest(l.bound_ms * interval '1 millisecond', now() - greatest(n.right_at, p.udesk_swept_at)) END AS bound,
  coalesce(cardinality(l.active), 0) AS active_pages,
  CASE WHEN l.bound_ms IS NOT NULL THEN
    greatest(l.active_bound_ms * interval '1 millisecond', now() - greatest(n.active_right_at, p.udesk_swept_at)) END AS active_bound,
  l.stated_at
FROM udesk_sync.listing l
LEFT JOIN udesk_sync.pair p ON p.name = l.pair
LEFT JOIN LATERAL (
  SELECT count(*) AS pages, min(g.right_at) AS right_at, min(g.right_at) FILTER (WHERE g.page = ANY (l.active)) AS active_right_at
  FROM udesk_sync.listing_page g WHERE g.pair = l.pair
) n ON true;
--> statement-breakpoint
COMMENT ON VIEW report.freshness IS 'How old what is known of the customers of Udesk may be: one row per pair whose daemon has looked at the pages of the list one by one. Customers beyond the end of the list are counted in coverage.';
COMMENT ON COLUMN report.freshness.pair IS 'Name of the pair in the configuration.';
COMMENT ON COLUMN report.freshness.pages IS 'Pages of the list of customers that are known, newest customers first.';
COMMENT ON COLUMN report.freshness.oldest_verified_at IS 'Every customer on the list is known to be right up to then.';
COMMENT ON COLUMN report.freshness.oldest_age IS 'How long ago that is.';
COMMENT ON COLUMN report.freshness.bound IS 'The age that no customer on the list exceeds: how often his page is looked at, times what such looks were late at the worst in the last half hour. Null until every page was looked at.';
COMMENT ON COLUMN report.freshness.active_pages IS 'How many pages are the tenth that is edited most.';
COMMENT ON COLUMN report.freshness.active_bound IS 'The age that no customer on those pages exceeds.';
COMMENT ON COLUMN report.freshness.stated_at IS 'When the bounds were worked out: with the last look.';
