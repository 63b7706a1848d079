-- Every unique key of a table with a pair begins with the pair (docs/decisions/0039), so that rows can be spread by it.
-- No table is rewritten: indexes are built, and one of them takes the place of each primary key.
ALTER TABLE "udesk_sync"."conflict_note" DROP CONSTRAINT "conflict_note_conflict_id_conflict_id_fk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict_search" DROP CONSTRAINT "conflict_search_conflict_id_conflict_id_fk";--> statement-breakpoint
DROP INDEX "udesk_sync"."run_pair";--> statement-breakpoint
DROP INDEX "udesk_sync"."batch_backfill";--> statement-breakpoint
DROP INDEX "udesk_sync"."conflict_active";--> statement-breakpoint
DROP INDEX "udesk_sync"."conflict_link";--> statement-breakpoint
DROP INDEX "udesk_sync"."conflict_note_conflict";--> statement-breakpoint
DROP INDEX "udesk_sync"."decision_conflict";--> statement-breakpoint
DROP INDEX "udesk_sync"."decision_rule";--> statement-breakpoint
DROP INDEX "udesk_sync"."intent_active";--> statement-breakpoint
DROP INDEX "udesk_sync"."intent_link";--> statement-breakpoint
DROP INDEX "udesk_sync"."intent_batch";--> statement-breakpoint
DROP INDEX "udesk_sync"."record_link";--> statement-breakpoint
DROP INDEX "udesk_sync"."revert_field_waiting";--> statement-breakpoint
DROP INDEX "udesk_sync"."revert_field_link";--> statement-breakpoint
-- Of all rows at once, since a new value in each would write the table and its index of words anew: the pair with the most
-- conflicts is the default of the new column, and only the rows of the others are written.
DO $$
DECLARE
  most text;
BEGIN
  SELECT c.pair INTO most FROM udesk_sync.conflict c GROUP BY c.pair ORDER BY count(*) DESC LIMIT 1;
  EXECUTE format('ALTER TABLE udesk_sync.conflict_search ADD COLUMN pair text NOT NULL DEFAULT %L', coalesce(most, ''));
  UPDATE udesk_sync.conflict_search s SET pair = c.pair
  FROM udesk_sync.conflict c WHERE c.id = s.conflict_id AND c.pair <> s.pair;
  ALTER TABLE udesk_sync.conflict_search ALTER COLUMN pair DROP DEFAULT;
END $$;--> statement-breakpoint
CREATE UNIQUE INDEX "approval_pair_id_pk" ON "udesk_sync"."approval" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "backfill_pair_id_pk" ON "udesk_sync"."backfill" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "batch_pair_id_pk" ON "udesk_sync"."batch" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "conflict_pair_id_pk" ON "udesk_sync"."conflict" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "conflict_note_pair_id_pk" ON "udesk_sync"."conflict_note" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "conflict_search_pair_conflict_id_pk" ON "udesk_sync"."conflict_search" USING btree ("pair","conflict_id");--> statement-breakpoint
CREATE UNIQUE INDEX "decision_pair_id_pk" ON "udesk_sync"."decision" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "intent_pair_id_pk" ON "udesk_sync"."intent" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "link_pair_id_pk" ON "udesk_sync"."link" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "parked_pair_id_pk" ON "udesk_sync"."parked" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "revert_pair_id_pk" ON "udesk_sync"."revert" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "revert_field_pair_id_pk" ON "udesk_sync"."revert_field" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "review_rule_pair_id_pk" ON "udesk_sync"."review_rule" USING btree ("pair","id");--> statement-breakpoint
CREATE UNIQUE INDEX "run_pair_id_pk" ON "udesk_sync"."run" USING btree ("pair","id");--> statement-breakpoint
ALTER TABLE "udesk_sync"."approval" DROP CONSTRAINT "approval_pkey", ADD CONSTRAINT "approval_pair_id_pk" PRIMARY KEY USING INDEX "approval_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."backfill" DROP CONSTRAINT "backfill_pkey", ADD CONSTRAINT "backfill_pair_id_pk" PRIMARY KEY USING INDEX "backfill_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."batch" DROP CONSTRAINT "batch_pkey", ADD CONSTRAINT "batch_pair_id_pk" PRIMARY KEY USING INDEX "batch_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict" DROP CONSTRAINT "conflict_pkey", ADD CONSTRAINT "conflict_pair_id_pk" PRIMARY KEY USING INDEX "conflict_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict_note" DROP CONSTRAINT "conflict_note_pkey", ADD CONSTRAINT "conflict_note_pair_id_pk" PRIMARY KEY USING INDEX "conflict_note_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict_search" DROP CONSTRAINT "conflict_search_pkey", ADD CONSTRAINT "conflict_search_pair_conflict_id_pk" PRIMARY KEY USING INDEX "conflict_search_pair_conflict_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."decision" DROP CONSTRAINT "decision_pkey", ADD CONSTRAINT "decision_pair_id_pk" PRIMARY KEY USING INDEX "decision_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."intent" DROP CONSTRAINT "intent_pkey", ADD CONSTRAINT "intent_pair_id_pk" PRIMARY KEY USING INDEX "intent_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."link" DROP CONSTRAINT "link_pkey", ADD CONSTRAINT "link_pair_id_pk" PRIMARY KEY USING INDEX "link_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."parked" DROP CONSTRAINT "parked_pkey", ADD CONSTRAINT "parked_pair_id_pk" PRIMARY KEY USING INDEX "parked_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."revert" DROP CONSTRAINT "revert_pkey", ADD CONSTRAINT "revert_pair_id_pk" PRIMARY KEY USING INDEX "revert_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."revert_field" DROP CONSTRAINT "revert_field_pkey", ADD CONSTRAINT "revert_field_pair_id_pk" PRIMARY KEY USING INDEX "revert_field_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."review_rule" DROP CONSTRAINT "review_rule_pkey", ADD CONSTRAINT "review_rule_pair_id_pk" PRIMARY KEY USING INDEX "review_rule_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."run" DROP CONSTRAINT "run_pkey", ADD CONSTRAINT "run_pair_id_pk" PRIMARY KEY USING INDEX "run_pair_id_pk";--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict_note" ADD CONSTRAINT "conflict_note_pair_conflict_id_conflict_pair_id_fk" FOREIGN KEY ("pair","conflict_id") REFERENCES "udesk_sync"."conflict"("pair","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict_search" ADD CONSTRAINT "conflict_search_pair_conflict_id_conflict_pair_id_fk" FOREIGN KEY ("pair","conflict_id") REFERENCES "udesk_sync"."conflict"("pair","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "conflict_id" ON "udesk_sync"."conflict" USING btree ("id");--> statement-breakpoint
CREATE INDEX "conflict_customer" ON "udesk_sync"."conflict" USING btree ("link_id","id");--> statement-breakpoint
CREATE INDEX "decision_id" ON "udesk_sync"."decision" USING btree ("id");--> statement-breakpoint
CREATE INDEX "link_id" ON "udesk_sync"."link" USING btree ("id");--> statement-breakpoint
CREATE INDEX "parked_id" ON "udesk_sync"."parked" USING btree ("id");--> statement-breakpoint
CREATE INDEX "review_rule_id" ON "udesk_sync"."review_rule" USING btree ("id");--> statement-breakpoint
CREATE INDEX "run_id" ON "udesk_sync"."run" USING btree ("id");--> statement-breakpoint
CREATE INDEX "batch_backfill" ON "udesk_sync"."batch" USING btree ("pair","backfill_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "conflict_active" ON "udesk_sync"."conflict" USING btree ("pair","link_id","field") WHERE state in ('open', 'resolving');--> statement-breakpoint
CREATE INDEX "conflict_link" ON "udesk_sync"."conflict" USING btree ("pair","link_id");--> statement-breakpoint
CREATE INDEX "conflict_note_conflict" ON "udesk_sync"."conflict_note" USING btree ("pair","conflict_id","id");--> statement-breakpoint
CREATE INDEX "decision_conflict" ON "udesk_sync"."decision" USING btree ("pair","conflict_id");--> statement-breakpoint
CREATE INDEX "decision_rule" ON "udesk_sync"."decision" USING btree ("pair","rule_id","id") WHERE rule_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "intent_active" ON "udesk_sync"."intent" USING btree ("pair","link_id","side") WHERE state in ('planned', 'held', 'pending', 'sending', 'unknown');--> statement-breakpoint
CREATE INDEX "intent_link" ON "udesk_sync"."intent" USING btree ("pair","link_id");--> statement-breakpoint
CREATE INDEX "intent_batch" ON "udesk_sync"."intent" USING btree ("pair","batch_id") WHERE batch_id is not null;--> statement-breakpoint
CREATE INDEX "record_link" ON "udesk_sync"."record" USING btree ("pair","link_id");--> statement-breakpoint
CREATE UNIQUE INDEX "revert_field_waiting" ON "udesk_sync"."revert_field" USING btree ("pair","link_id","field") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "revert_field_link" ON "udesk_sync"."revert_field" USING btree ("pair","link_id");--> statement-breakpoint
-- The views join tables of pairs by the pair, too. Nothing else about them changes: columns, comments and grants stay.
DO $$
DECLARE
  old record;
  body text;
BEGIN
  FOR old IN
    SELECT * FROM (VALUES
      ('customer', '(l.id = r.link_id)', '(l.pair = r.pair) AND (l.id = r.link_id)'),
      ('customer_history', '(l.id = r.link_id)', '(l.pair = r.pair) AND (l.id = r.link_id)'),
      ('customer_history', '(i.link_id = r.link_id)', '(i.pair = r.pair) AND (i.link_id = r.link_id)'),
      ('conflict', '(l.id = c.link_id)', '(l.pair = c.pair) AND (l.id = c.link_id)'),
      ('conflict', '(d.id = c.decision_id)', '(d.pair = c.pair) AND (d.id = c.decision_id)'),
      ('sync_lag', '(l.id = i.link_id)', '(l.pair = i.pair) AND (l.id = i.link_id)'),
      ('sync_lag', '(d.id = c.decision_id)', '(d.pair = c.pair) AND (d.id = c.decision_id)'),
      ('sync_lag', '(c.link_id = i.link_id)', '(c.pair = i.pair) AND (c.link_id = i.link_id)')
    ) AS joined(view, without, with_pair)
  LOOP
    body := pg_get_viewdef(('report.' || old.view)::regclass);
    IF strpos(body, old.without) = 0 THEN
      RAISE EXCEPTION 'report.% does not join by %', old.view, old.without;
    END IF;
    EXECUTE format('CREATE OR REPLACE VIEW report.%I %s AS %s', old.view,
      (SELECT 'WITH (' || array_to_string(c.reloptions, ', ') || ')' FROM pg_class c
        WHERE c.oid = ('report.' || old.view)::regclass AND c.reloptions IS NOT NULL),
      replace(body, old.without, old.with_pair));
  END LOOP;
  body := pg_get_functiondef('report.customer_asof(timestamptz)'::regprocedure);
  IF strpos(body, '(l.id = h.link_id)') = 0 THEN
    RAISE EXCEPTION 'report.customer_asof does not join by (l.id = h.link_id)';
  END IF;
  EXECUTE replace(body, '(l.id = h.link_id)', '(l.pair = h.pair) AND (l.id = h.link_id)');
END $$;
